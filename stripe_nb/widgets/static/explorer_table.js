// The rows of a table: unpacked, filtered and sorted, without a page.

async function unpack(view) {
  const bytes = view instanceof DataView ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()).map(readable);
}

// Gives a column `text(row)` to show, `key(row)` to sort by and `change` for one.
function readable(column) {
  const over = new Map();
  const raw = (row) => (column.codes ? column.values[column.codes[row]] : column.data[row]) ?? null;
  const own = {
    text: raw,
    time: (row) => (raw(row) === null ? "" : utc(raw(row))),
    yes: (row) => (raw(row) === null ? "" : raw(row) ? "yes" : "no"),
    money: (row) => money(column, row),
  };
  const plain = own[column.kind] ?? raw;
  return {
    name: column.name,
    kind: column.kind,
    moods: column.moods,
    values: column.values,
    text: (row) => (over.has(row) ? over.get(row) : String(plain(row) ?? "")),
    key: (row) => (over.has(row) && column.kind !== "money" ? over.get(row) : raw(row)),
    amount: column.kind === "money" ? (row) => Number(raw(row)) / 10 ** decimals(column, row) : undefined,
    change: (row, value) => over.set(row, column.kind === "time" && value !== null ? utc(value) : shownValue(value)),
  };
}

function shownValue(value) {
  return value === true ? "yes" : value === false ? "no" : String(value ?? "");
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

// "ada status:succeeded amount>20": every word must fit; words with a column's
// name before : > or < look at that column alone.
function conditions(query, columns) {
  return (query.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => {
    const found = /^([\w.]+)([:<>])(.+)$/.exec(word);
    const column = found && columns.find((each) => each.name === found[1]);
    const wanted = (column ? found[3] : word).replaceAll('"', "").toLowerCase();
    if (!column) return { wanted };
    if (found[2] === ":") return { test: (row) => column.text(row).toLowerCase().includes(wanted) };
    const sign = found[2] === ">" ? 1 : -1;
    return { test: (row) => sign * compare(comparable(column, row), typed(column, wanted)) > 0 };
  });
}

function comparable(column, row) {
  if (column.amount) return column.amount(row);
  return column.kind === "time" ? column.text(row) : column.key(row);
}

function typed(column, text) {
  const number = Number(text);
  return column.kind === "time" || Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  if (one === null || other === null) return one === other ? 0 : one === null ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
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
      const keys = new Map(found.map((row) => [row, by.amount ? by.amount(row) : by.key(row)]));
      const sign = sort[1] ? -1 : 1;
      return found.sort((a, b) => sign * compare(keys.get(a), keys.get(b)) || a - b);
    },
  };
}
