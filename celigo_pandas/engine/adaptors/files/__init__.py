"""Files in folders: of this machine (``filesystem``), of an FTP or an SFTP server (``ftp``)."""
