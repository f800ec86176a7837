import dayjs from 'dayjs';

export function transform({ record }) {
  const date = dayjs(record.date);
  return { ...record, week: date.isValid() ? date.startOf('month').add(7, 'day').format('MMM D, YYYY') : null };
}
