/** Editions of OCPP over SOAP, by the namespaces of their WSDLs. */
export type Edition = '1.6' | '1.5' | '1.2';

/** Whose service a message belongs to: the Central System's (`cs`), which stations call, or the Charge Point's (`cp`), which we call. */
export type Service = 'cs' | 'cp';

const YEARS: Readonly<Record<Edition, string>> = { '1.6': '2015/10', '1.5': '2012/06', '1.2': '2010/08' };
const EDITIONS: readonly Edition[] = ['1.6', '1.5', '1.2'];

export const namespaceOf = (service: Service, edition: Edition): string =>
  `urn://Ocpp/${service === 'cs' ? 'Cs' : 'Cp'}/${YEARS[edition]}/`;

export interface Named {
  readonly service: Service;
  readonly edition: Edition;
  /** It was spelt with other capitals or without the slash at its end. */
  readonly misspelt: boolean;
}

const plain = (uri: string): string => uri.toLowerCase().replace(/\/$/, '');
const KNOWN: ReadonlyMap<string, Omit<Named, 'misspelt'> & { readonly uri: string }> = new Map(
  EDITIONS.flatMap((edition) =>
    (['cs', 'cp'] as const).map((service) => {
      const uri = namespaceOf(service, edition);
      return [plain(uri), { service, edition, uri }] as const;
    }),
  ),
);

/** The service and edition of a namespace; undefined: it is none of OCPP's. */
export function namespaceNamed(uri: string): Named | undefined {
  const known = KNOWN.get(plain(uri));
  return known === undefined ? undefined : { service: known.service, edition: known.edition, misspelt: known.uri !== uri };
}

export const SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope';
export const SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/';
/** WS-Addressing 1.0. */
export const ADDRESSING = 'http://www.w3.org/2005/08/addressing';
/** The submission before it, which gSOAP's first plug-in speaks. */
export const ADDRESSING_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
export const XML_SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** "The way back of this very request": no address that could be called later. */
export const isAnonymous = (address: string): boolean => address === '' || address.endsWith('/anonymous') || address.endsWith('/none');
