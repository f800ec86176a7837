"""Files: in folders of this machine (``filesystem``), of an FTP or SFTP server (``ftp``), in buckets (``s3``)."""

from celigo_pandas.engine.adaptors.files.adaptor import FilesAdaptor

__all__ = ["FilesAdaptor", "adaptor"]

adaptor = FilesAdaptor()
