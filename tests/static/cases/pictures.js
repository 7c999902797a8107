import { markdown } from "/static/peerchat/instructor/picture-upload.js";
import { equal } from "./check.js";

const key = "0123456789abcdef0123456789abcdef";

export function wordsOfPicturesAreNoMarkup() {
  const words = (alt) => markdown({ key, alt }).replace(`](picture:${key})`, "").replace("![", "");
  equal(words("A falling\n  stone "), "A falling stone");
  equal(words("a[1] *b* $x$ <i> & \\"), String.raw`a(1) \*b\* \$x\$ \<i> \& \\`);
  equal(markdown({ key, alt: "" }), `![](picture:${key})`);
}
