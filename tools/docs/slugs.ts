/** The anchors that GitHub gives to the headings of one page: the second of the same name ends in `-1`. */
export class GithubSlugs {
  readonly #given = new Map<string, number>();

  of(heading: string): string {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/<[^>]+>/g, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, "")
      .replace(/ /g, "-");
    const times = this.#given.get(slug) ?? 0;
    this.#given.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  }
}
