// The rows of a table: unpacked, filtered and sorted, without a page.

async function unpack(view) {
  const bytes = view instanceof DataView ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()).map(readable);
}

// How a value is shown, and what it is sorted and compared by, by the column's kind.
const SHOWN = { time: utc, yes: (value) => (value ? "yes" : "no") };
const KEYS = { money: Number.parseFloat, number: Number };
const isWords = (column) => column.kind === "text" || column.kind === "coded";

// Gives a column `text(row)` to show, `key(row)` to sort by and `change` for one.
function readable(column) {
  // What has changed since: of money the text alone, of the rest what was sent.
  const over = new Map();
  const raw = (row) => (column.codes ? column.values[column.codes[row]] : column.data[row]) ?? null;
  const value = (row) => (over.has(row) ? over.get(row) : raw(row));
  const isMoney = column.kind === "money";
  const shown = SHOWN[column.kind] ?? String;
  const key = KEYS[column.kind] ?? ((each) => each);
  return {
    name: column.name,
    kind: column.kind,
    moods: column.moods,
    values: column.values,
    text: (row) => {
      if (isMoney && !over.has(row)) return money(column, row);
      return value(row) === null ? "" : shown(value(row));
    },
    key: (row) => {
      if (value(row) === null) return null;
      return isMoney && !over.has(row) ? raw(row) / 10 ** decimals(column, row) : key(value(row));
    },
    change: (row, now) => over.set(row, now === "" ? null : now),
  };
}

function decimals(column, row) {
  return column.decimals[column.by.codes[row]] ?? 0;
}

function money(column, row) {
  const amount = column.data[row];
  if (amount === null) return "";
  const places = decimals(column, row);
  const digits = String(Math.abs(amount)).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const part = places ? `.${digits.slice(-places)}` : "";
  const code = (column.by.values[column.by.codes[row]] ?? "").toUpperCase();
  return `${amount < 0 ? "-" : ""}${whole}${part} ${code}`.trim();
}

// "ada status:succeeded amount>=20": every word must fit; words with a column's
// name before : = > >= < or <= look at that column alone.
function conditions(query, columns) {
  return (query.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => {
    const found = /^([\w.]+)(:|=|[<>]=?)(.+)$/.exec(word);
    const column = found && columns.find((each) => each.name.toLowerCase() === found[1].toLowerCase());
    const wanted = (column ? found[3] : word).replaceAll('"', "").toLowerCase();
    if (!column) return { wanted };
    if (found[2] === ":") return { test: (row) => column.text(row).toLowerCase().includes(wanted) };
    return { test: comparing(column, found[2], wanted) };
  });
}

const FITS = {
  "=": (by) => by === 0,
  ">": (by) => by > 0,
  ">=": (by) => by >= 0,
  "<": (by) => by < 0,
  "<=": (by) => by <= 0,
};

// Whether a row's value is there and stands so to what was typed.
function comparing(column, sign, wanted) {
  const fits = FITS[sign];
  if (column.kind === "time") {
    // A day, or a month, is all of it: until its end, and from its beginning.
    const whole = sign === "=" || sign === "<=";
    return (row) => {
      const text = column.text(row);
      return text !== "" && fits(compare(whole ? text.slice(0, wanted.length) : text, wanted));
    };
  }
  if (isWords(column) || column.kind === "yes") {
    return (row) => column.text(row) !== "" && fits(compare(column.text(row).toLowerCase(), wanted));
  }
  const number = Number(wanted.replaceAll(",", ""));
  return (row) => column.key(row) !== null && fits(compare(column.key(row), number));
}

// What is equal neither way is not comparable: nothing fits it.
function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : one === other ? 0 : NaN;
}

const WORDS = new Intl.Collator("en", { numeric: true });

// What isn't there comes first, and words as in a dictionary.
function inOrder(one, other, areWords) {
  if (one === null || other === null) return one === other ? 0 : one === null ? -1 : 1;
  return areWords ? WORDS.compare(one, other) : compare(one, other);
}

function makeTable() {
  let columns = [];
  // What words are sought in, row by row; read in idle moments, or when it is needed.
  let haystack = [];
  let rows = 0;
  const read = (row) => columns.map((column) => column.text(row)).join("\n").toLowerCase();
  const readUpTo = (end) => {
    for (let row = haystack.length; row < end; row += 1) haystack.push(read(row));
  };
  const ids = new Map();
  return {
    get columns() {
      return columns;
    },
    load(unpacked, count) {
      columns = unpacked;
      rows = count;
      haystack = [];
      ids.clear();
      const id = columns.find((column) => column.name === "id");
      if (id) for (let row = 0; row < rows; row += 1) ids.set(id.key(row), row);
    },
    id: (row) => columns.find((column) => column.name === "id")?.key(row) ?? null,
    row: (id) => ids.get(id),
    change(id, values) {
      const row = ids.get(id);
      if (row === undefined) return;
      columns.forEach((column, at) => column.name !== "id" && column.change(row, values[at]));
      if (row < haystack.length) haystack[row] = read(row);
    },
    // Reads a little ahead of the first filter; says whether there is more to read.
    readAhead(count) {
      readUpTo(Math.min(rows, haystack.length + count));
      return haystack.length < rows;
    },
    find(query, sort) {
      const asked = conditions(query, columns);
      const words = asked.filter((each) => each.wanted).map((each) => each.wanted);
      const tests = asked.filter((each) => each.test).map((each) => each.test);
      if (words.length) readUpTo(rows);
      const found = [];
      for (let row = 0; row < rows; row += 1) {
        if (words.every((word) => haystack[row].includes(word)) && tests.every((test) => test(row))) found.push(row);
      }
      const by = columns.find((column) => column.name === sort[0]);
      if (!by) return found;
      const keys = new Map(found.map((row) => [row, by.key(row)]));
      const sign = sort[1] ? -1 : 1;
      // Ids are no words, and are many: their order is that of their characters.
      const areWords = isWords(by) && by.name !== "id";
      return found.sort((a, b) => sign * inOrder(keys.get(a), keys.get(b), areWords) || a - b);
    },
  };
}
