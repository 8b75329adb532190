/** All examples describe the service of one customer, so that the fields of a response match. */
export const SERVICE = '12345';
export const CUSTOMER = '77';
export const EMAIL = 'customer@example.com';
export const SUBDOMAIN = 'customer';
export const FQDN = 'customer.sites.example.net';
export const DOMAIN = 'example.org';
export const PUBLIC_IP = '203.0.113.10';
export const PRIVATE_IP = '10.20.0.15';
export const VMID = 10_000;
export const NODE = 'pve1';
export const BACKUP = 'BAK01032026-1';
export const JOB = '019ca945-0a00-7000-8000-000000000001';
export const EVENT = '019ca945-0a00-7000-8000-000000000002';
export const ALERT = '019ca945-0a00-7000-8000-000000000003';
export const REQUEST = '019ca945-0a00-7000-8000-00000000000a';
export const TOKEN = 'tok_5xKq0pZb3TnA';
