/** The Authorization that shows a password; nothing without one. Source: RFC 7617 §2 */
export const basicAuth = (username: string, password: string | undefined): string | undefined =>
  password === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
