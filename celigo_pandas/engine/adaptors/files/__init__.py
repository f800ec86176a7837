"""Files in folders: of this machine (``filesystem``), of an FTP or an SFTP server (``ftp``)."""

from celigo_pandas.engine.adaptors.files.adaptor import FilesAdaptor

__all__ = ["FilesAdaptor", "adaptor"]

adaptor = FilesAdaptor()
