const two = (number: number): string => String(number).padStart(2, '0');

/** `2026/11/22 18:59:57 +0000 (~ 3s ago)`, in local time; without the distance after 25 hours. */
export function ago(iso: string, now = Date.now()): string {
  const date = new Date(iso);
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const text = `${day} ${time} ${zone}`;
  const seconds = Math.floor((now - date.getTime()) / 1000);
  if (seconds < 60) return `${text} (~ ${seconds}s ago)`;
  if (seconds < 3_600) return `${text} (~ ${Math.floor(seconds / 60)}m ago)`;
  if (seconds < 25 * 3_600) return `${text} (~ ${Math.floor(seconds / 3_600)}h ago)`;
  return text;
}
