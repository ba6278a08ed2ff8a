extension AdminPage {
    /// The reading once a second, and what is not a table.
    static let live = #"""
        const PERIOD = 1000, PATIENCE = 3000; // milliseconds
        let lastAnswer = null, lastStatus = null, latest = null;

        /// Adds the rates of these counters to a row, and samples for its curve.
        function measure(row, now, counters) {
          row.rates = {};
          for (const [name, total] of Object.entries(counters)) {
            row.rates[name] = history.rate(`${row.key} ${name}`, total, now);
          }
          history.rate(`${row.key} bytes`, row.tx_bytes + row.rx_bytes, now);
        }

        function readStatus(s, now) {
          // Counters of another process have no rate against those before.
          const isSame = lastStatus?.pid === s.pid && lastStatus.uptime_seconds <= s.uptime_seconds;
          if (lastStatus && !isSame) history.forget();
          lastStatus = s;
          s.services.forEach((each, index) => {
            each.key = `service ${index}`;
            measure(each, now, { accepted: each.accepted_total, tx: each.tx_bytes, rx: each.rx_bytes });
          });
          services.show(s.services, "none");
          const all = (figure) => s.services.reduce((total, each) => total + figure(each), 0);
          const totals = {
            accepted: all((each) => each.accepted_total),
            tx: all((each) => each.tx_bytes), rx: all((each) => each.rx_bytes),
            failed: all((each) => each.retries_total + sum(each.rejected_total)),
            busy: s.workers.reduce((total, each) => total + each.busy_seconds_total, 0),
          };
          tiles.connections(s, history.level("connections", s.connections));
          for (const [name, total] of Object.entries(totals)) tiles[name](s, history.rate(name, total, now));
          say(byId("version"), words(s.version, s.commit !== "unknown" && s.commit));
          badge(s.state, s.state);
          document.title = `${s.state} · ${count(s.connections)} · Fanout`;
          const [up, workers] = [age(s.uptime_seconds), count(s.workers.length)];
          facts({ up, driver: s.driver, workers, process: String(s.pid) });
          byId("facts").title = s.driver_reason;
          events(s.events);
          notice(s.state === "ready" ? "" : words(s.state, ...s.reasons), "soft");
        }

        function readEndpoints(answer, now) {
          const rows = [];
          answer.services.forEach((service, index) => {
            for (const each of service.endpoints) {
              const row = { ...each, service: service.service, key: `endpoint ${index} ${each.address} ${each.alloc}` };
              measure(row, now, { connections: each.connections_total, tx: each.tx_bytes, rx: each.rx_bytes });
              rows.push(row);
            }
          });
          // What needs a look comes first.
          const order = ["ejected", "suspect", "draining", "new", "ready", "removed"];
          rows.sort((left, right) => order.indexOf(left.state) - order.indexOf(right.state));
          const total = answer.services.reduce((all, each) => all + each.total, 0);
          const usable = rows.filter((each) => ["ready", "new", "suspect"].includes(each.state)).length;
          say(byId("endpoint-count"), `${count(usable)} of ${count(rows.length)} usable`
            + (total > rows.length ? `, ${count(total - rows.length)} more not listed` : ""));
          return rows;
        }

        function readConnections(answer) {
          const rows = answer.connections.map((each) => ({
            ...each, key: `connection ${each.worker} ${each.conn} ${each.client}`,
          }));
          say(byId("connection-count"),
            answer.total > rows.length ? `${count(rows.length)} of ${count(answer.total)}` : count(rows.length));
          return rows;
        }

        function badge(text, state) {
          say(byId("state"), text);
          byId("state").className = `badge ${/^[a-z]+$/.test(state) ? state : ""}`;
        }

        function facts(pairs) {
          const list = byId("facts");
          Object.entries(pairs).forEach(([name, value], index) => {
            if (!list.children[index]) {
              const pair = make("div");
              pair.append(make("dt", "", name), make("dd"));
              list.append(pair);
            }
            say(list.children[index].lastChild, value);
          });
        }

        function events(all) {
          const list = byId("events");
          const items = all.length ? all.slice(-100).reverse() : [{ text: "none yet" }];
          while (list.children.length > items.length) list.lastChild.remove();
          items.forEach((each, index) => {
            if (!list.children[index]) {
              const item = make("li");
              item.append(make("time"), make("span"), make("span", "text"));
              list.append(item);
            }
            const [time, level, text] = list.children[index].children;
            say(time, known(each.time) ? new Date(each.time * 1000).toLocaleTimeString("en-GB") : "");
            say(level, each.level ?? "");
            level.className = `level ${/^[a-z]+$/.test(each.level) ? each.level : ""}`;
            say(text, each.text);
          });
        }

        function showFiltered() {
          if (!latest) return;
          const word = byId("filter").value.trim().toLowerCase();
          const fields = ["service", "address", "name", "alloc", "state", "zone", "client", "endpoint"];
          const matches = (row) => fields.some((name) => String(row[name] ?? "").toLowerCase().includes(word));
          const nothing = word === "" ? "none" : "none that matches the filter";
          endpoints.show(latest.endpoints.filter(matches), nothing);
          connections.show(latest.connections.filter(matches), nothing);
        }

        function notice(text, className) {
          say(byId("notice"), text);
          byId("notice").className = className;
          byId("notice").hidden = !text;
        }

        /// Relative addresses, so that the page also works behind a prefix.
        async function ask(path) {
          const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
          if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
          return answer.json();
        }

        async function read() {
          try {
            // Each worker has to list its connections: only while somebody can see them.
            const isSeen = byId("connections").getBoundingClientRect().top < innerHeight;
            const living = isSeen || latest === null ? ask("connections?limit=100") : null;
            const answers = await Promise.all([ask("status"), ask("endpoints"), living]);
            const now = performance.now();
            readStatus(answers[0], now);
            latest = {
              endpoints: readEndpoints(answers[1], now),
              connections: answers[2] ? readConnections(answers[2]) : latest.connections,
            };
            showFiltered();
            history.sweep();
            lastAnswer = now;
            document.body.classList.remove("stale");
          } catch (error) {
            const since = lastAnswer === null ? "" : ` since ${age((performance.now() - lastAnswer) / 1000)}`;
            notice(`Fanout does not answer${since}. Trying again each second; the figures are its last ones.`, "");
            badge("no answer", "lost");
            document.title = "no answer · Fanout";
            document.body.classList.add("stale");
          }
        }

        byId("filter").addEventListener("input", showFiltered);
        (async () => {
          for (;;) {
            const began = performance.now();
            await read();
            await new Promise((next) => setTimeout(next, Math.max(0, PERIOD - (performance.now() - began))));
          }
        })();
        """#
}
