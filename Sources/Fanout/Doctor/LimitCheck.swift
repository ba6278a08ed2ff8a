/// Whether descriptors and memory suffice for the connections that are wanted.
enum LimitCheck {
    /// Wanted where --max-connections says nothing: the pools of one application can be as large.
    static let few = 1000

    static func findings(_ capacity: ConnectionCapacity, _ limit: ConnectionLimit) -> [Finding] {
        let wanted = limit == capacity.defaultLimit ? few : limit.count
        return [descriptors(capacity, limit, wanted), memory(capacity, wanted)]
    }

    private static func descriptors(
        _ capacity: ConnectionCapacity,
        _ limit: ConnectionLimit,
        _ wanted: Int
    ) -> Finding {
        let allowed = capacity.machine.descriptors
        let room = capacity.byDescriptors
        let cure = Cure(.config, #"ulimit { nofile = "65536:65536" }"#)
        guard room > 0 else {
            let least = capacity.reservedDescriptors + ConnectionCapacity.descriptorsPerConnection
            return .failure(
                .descriptors,
                "\(allowed) (RLIMIT_NOFILE) are too few for one connection: \(least) are needed",
                cure: cure
            )
        }
        let text = "\(allowed) (RLIMIT_NOFILE) have room for \(room) connections"
        guard room < wanted else { return .ok(.descriptors, "\(text); --max-connections is \(limit.count)") }
        return .warning(.descriptors, "\(text), \(wanted) would be better", cure: cure)
    }

    private static func memory(_ capacity: ConnectionCapacity, _ wanted: Int) -> Finding {
        guard let memory = capacity.machine.memory, let room = capacity.byMemory else {
            return .ok(.memory, "no limit")
        }
        let cure = Cure(.resources, "memory = \(enough(for: wanted, like: capacity, source: memory.source))")
        let text = "\(memory.bytes >> 20) MiB (\(memory.source)) have room for \(room) connections"
        guard room > 0 else {
            let workers = "\(capacity.workers) worker\(capacity.workers == 1 ? "" : "s")"
            return .failure(
                .memory,
                "\(text): the process with \(workers) takes \(capacity.reservedBytes >> 20) MiB",
                cure: cure
            )
        }
        guard room < wanted else { return .ok(.memory, text) }
        return .warning(.memory, "\(text), \(wanted) would be better", cure: cure)
    }

    /// The least MiB that have room for so many connections. Buffers grow with a limit, so it is looked for upwards.
    private static func enough(for wanted: Int, like capacity: ConnectionCapacity, source: String) -> UInt64 {
        var mebibytes = UInt64(wanted) * ConnectionCapacity.bytesPerConnection >> 20
        while true {
            var machine = capacity.machine
            machine.memory = MemoryLimit(bytes: mebibytes << 20, source: source)
            let larger = ConnectionCapacity(
                machine: machine,
                workers: capacity.workers,
                listeners: capacity.listeners,
                hasAdmin: capacity.hasAdmin
            )
            if larger.byMemory ?? .max >= wanted { return mebibytes }
            mebibytes += 1
        }
    }
}
