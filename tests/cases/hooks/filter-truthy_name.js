const keep = ({ record }) => record.name && record.name.trim().length;
