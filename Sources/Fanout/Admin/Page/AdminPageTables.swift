extension AdminPage {
    /// Tables whose rows are kept by key, so that a reading changes texts and leaves elements alone.
    static let tables = #"""
        const MOST_ROWS = 250; // in one table: a browser, too, has a limit

        const byId = (id) => document.getElementById(id);

        /// Changes the page only where it differs. Text stays text: nothing from the network becomes markup.
        function say(node, text) { if (node.textContent !== text) node.textContent = text; }

        function make(name, className, text) {
          const node = document.createElement(name);
          if (className) node.className = className;
          if (text !== undefined) node.textContent = text;
          return node;
        }

        /// Columns: label, class, text(row) or fill(row, cell), and value(row) if it can be sorted by.
        class Table {
          rows = new Map();
          sortedBy = null;
          isDescending = false;

          constructor(id, columns) {
            Object.assign(this, { columns, body: make("tbody"), more: make("tr", "more") });
            const head = make("tr");
            this.heads = columns.map((column, index) => {
              const cell = make("th", column.className);
              cell.scope = "col";
              if (column.value) {
                const button = make("button", "", column.label);
                button.addEventListener("click", () => this.sort(index));
                cell.append(button);
              } else {
                cell.textContent = column.label;
              }
              head.append(cell);
              return cell;
            });
            const top = make("thead");
            top.append(head);
            this.rest = make("td");
            this.rest.colSpan = columns.length;
            this.more.append(this.rest);
            byId(id).append(top, this.body);
          }

          /// Numbers from the greatest down at first, names from A; at the second click the other way, at the third as
          /// they came.
          sort(index) {
            const begins = !/names|words/.test(this.columns[index].className);
            if (this.sortedBy !== index) [this.sortedBy, this.isDescending] = [index, begins];
            else if (this.isDescending === begins) this.isDescending = !begins;
            else this.sortedBy = null;
            this.heads.forEach((head, each) => {
              if (each !== this.sortedBy) return head.removeAttribute("aria-sort");
              head.setAttribute("aria-sort", this.isDescending ? "descending" : "ascending");
            });
            this.show(this.last);
          }

          /// `nothing` is said in place of rows.
          show(all, nothing = this.nothing) {
            Object.assign(this, { last: all, nothing });
            const rows = this.ordered(all).slice(0, MOST_ROWS);
            const kept = new Set();
            rows.forEach((row, position) => {
              const key = row.key;
              kept.add(key);
              let line = this.rows.get(key);
              if (!line) this.rows.set(key, line = this.line());
              const there = this.body.children[position] ?? null;
              if (there !== line.row) this.body.insertBefore(line.row, there);
              this.columns.forEach((column, index) => {
                if (column.fill) column.fill(row, line.cells[index]); else say(line.cells[index], column.text(row));
              });
            });
            for (const [key, line] of this.rows) {
              if (kept.has(key)) continue;
              line.row.remove();
              this.rows.delete(key);
            }
            const hidden = all.length - rows.length;
            say(this.rest, all.length === 0 ? nothing : `and ${count(hidden)} more; the filter finds them`);
            if (all.length === 0 || hidden > 0) this.body.append(this.more); else this.more.remove();
          }

          line() {
            const row = make("tr");
            const cells = this.columns.map((column) => {
              const cell = make("td", column.className);
              cell.dataset.label = column.label;
              row.append(cell);
              return cell;
            });
            return { row, cells };
          }

          ordered(all) {
            if (this.sortedBy === null) return all;
            const value = this.columns[this.sortedBy].value;
            const sign = this.isDescending ? -1 : 1;
            const compare = (left, right) =>
              left === right ? 0 : left == null ? 1 : right == null ? -1 : sign * (left < right ? -1 : 1);
            return [...all].sort((left, right) => compare(value(left), value(right)));
          }
        }

        /// A cell of a main text, a badge for a state if there is one, and a note in small letters below.
        function headed(cell, text, note, state) {
          if (!cell.firstChild) cell.append(make("span"), make("span", "note"));
          const [main, small] = cell.children;
          say(main, text);
          main.className = state ? `badge ${/^[a-z]+$/.test(state) ? state : ""}` : "";
          say(small, note ?? "");
          small.hidden = !note;
        }

        function curved(cell, samples) {
          if (!cell.firstChild) cell.append(plot());
          cell.firstChild.draw(samples);
        }
        """#
}
