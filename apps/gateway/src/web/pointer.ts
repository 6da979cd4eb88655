type Path = readonly (PropertyKey | { readonly key: PropertyKey })[];

/** A JSON pointer. Source: RFC 6901 §3. */
export const pointerOf = (path: Path): string =>
  path
    .map(
      (part) =>
        `/${String(typeof part === 'object' ? part.key : part)
          .replaceAll('~', '~0')
          .replaceAll('/', '~1')}`,
    )
    .join('');
