extension AdminPage {
    /// What each table and tile shows of a row of the answers.
    static let columns = #"""
        const history = new History();

        const names = (label, value, className = "") =>
          ({ label, value, text: (row) => value(row) ?? "", className: `names ${className}` });
        const number = (label, text, value, className = "") =>
          ({ label, text: (row) => text(value(row)), value, className });
        /// A number with something below it.
        const noted = (label, text, value, note) =>
          ({ label, value, className: "", fill: (row, cell) => headed(cell, text(value(row)), note(row)) });
        const curve = {
          label: "Two minutes", className: "plot wide",
          fill: (row, cell) => curved(cell, history.samples(`${row.key} bytes`)),
        };
        const quantiles = (label, times) => noted(label, latency, (row) => times(row).p50,
          (row) => known(times(row).p99) ? `p99 ${latency(times(row).p99)}` : "");
        const words = (...parts) => parts.filter(Boolean).join(" · ");

        const states = (counts) => Object.entries(counts ?? {}).filter(([, each]) => each > 0)
          .map(([state, each]) => `${each} ${state}`).join(", ") || "none";

        function discovery(d) {
          if (!d || d.source === "fixed") return "fixed";
          const last = known(d.age_seconds) ? `answer ${age(d.age_seconds)} ago` : "no answer yet";
          return d.failing ? `discovery fails; ${last}` : last;
        }

        const services = new Table("services", [
          { label: "Service", className: "names head", value: (s) => s.service,
            fill: (s, cell) => headed(cell, s.service, words(s.listen, s.namespace && `namespace ${s.namespace}`)) },
          { label: "Endpoints", className: "names states",
            fill: (s, cell) => headed(cell, states(s.endpoints), discovery(s.discovery)) },
          noted("Connections", count, (s) => s.connections, (s) => s.waiting > 0 ? `${count(s.waiting)} waiting` : ""),
          noted("New", perSecond, (s) => s.rates.accepted,
            (s) => sum(s.rejected_total) > 0 ? `${count(sum(s.rejected_total))} refused` : ""),
          number("To endpoints", byteRate, (s) => s.rates.tx),
          number("From endpoints", byteRate, (s) => s.rates.rx),
          quantiles("Connect", (s) => s.connect_seconds),
          quantiles("First byte", (s) => s.first_byte_seconds),
          curve,
        ]);

        const failures = (e) => sum(e.connect_failures_total);

        const endpoints = new Table("endpoints", [
          { label: "Endpoint", className: "names head", value: (e) => e.name,
            fill: (e, cell) => headed(cell, e.name ?? e.address, words(
              e.name !== e.address && e.address, e.alloc && `alloc ${e.alloc.slice(0, 8)}`, e.datacenter,
              e.zone && `zone ${e.zone}`, e.weight !== 1 && `weight ${e.weight}`,
              e.priority > 0 && `priority ${e.priority}`)) },
          names("Service", (e) => e.service),
          { label: "State", className: "names", value: (e) => e.state,
            fill: (e, cell) =>
              headed(cell, e.state, known(e.since_seconds) ? `for ${age(e.since_seconds)}` : "", e.state) },
          number("Connections", count, (e) => e.connections),
          number("New", perSecond, (e) => e.rates.connections),
          number("To it", byteRate, (e) => e.rates.tx),
          number("From it", byteRate, (e) => e.rates.rx),
          number("Connect", latency, (e) => e.connect_seconds),
          number("First byte", latency, (e) => e.first_byte_seconds),
          number("Failures", count, failures),
          curve,
          { label: "Why", className: "words note-cell",
            fill: (e, cell) => say(cell,
              words(e.reason, known(e.returns_in_seconds) && `returns in ${age(e.returns_in_seconds)}`)) },
        ]);

        const connections = new Table("connections", [
          names("Client", (c) => c.client ?? "–", "head"),
          names("Service", (c) => c.service),
          names("Endpoint", (c) => c.endpoint ?? "waiting"),
          number("Age", age, (c) => c.duration_seconds),
          number("To endpoint", bytes, (c) => c.tx_bytes),
          number("From endpoint", bytes, (c) => c.rx_bytes),
          number("Attempts", count, (c) => c.attempts),
          number("Worker", count, (c) => c.worker, "wide"),
          // Of a worker above 31 it is greater than what JavaScript counts exactly.
          number("Number", (each) => Number.isSafeInteger(each) ? String(each) : "–", (c) => c.conn, "wide"),
        ]);

        /// A figure with its curve; returns what shows a new value.
        function tile(key, label, text, note) {
          const [box, figure, small, line] = [make("div", "tile"), make("p"), make("small"), plot()];
          box.append(make("h3", "", label), figure, small, line);
          byId("tiles").append(box);
          return (status, value) => {
            const samples = history.samples(key);
            say(figure, text(value));
            say(small, note ? note(status) : samples.length ? `peak ${text(Math.max(...samples))}` : "");
            line.draw(samples);
          };
        }

        const tiles = {
          connections: tile("connections", "Connections", count, (s) => `of ${count(s.max_connections)} at most`),
          accepted: tile("accepted", "New connections", perSecond),
          tx: tile("tx", "To endpoints", byteRate),
          rx: tile("rx", "From endpoints", byteRate),
          failed: tile("failed", "Retries and refusals", perSecond),
          busy: tile("busy", "Busy workers", plain, (s) => `of ${count(s.workers.length)}`),
        };
        """#
}
