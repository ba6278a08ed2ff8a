/// How many connections the process holds at most, and why so many.
struct ConnectionLimit: Hashable, Sendable {
    let count: Int
    /// For the start-up log and `--print-config`.
    let reason: String
}

/// How many connections the limits of the machine have room for.
struct ConnectionCapacity: Sendable {
    /// Client and upstream.
    static let descriptorsPerConnection = 2
    /// Standard streams, logs, Nomad, signals, the pool of pipes.
    static let descriptorsOfProcess = 128
    /// A ring, its wake-ups and its spare descriptor.
    static let descriptorsPerWorker = 4
    /// 8.7 KB in the kernel for two sockets with a receive armed, under 1 KB of our own, and as much again for bytes
    /// on their way: socket buffers count against a memory limit too.
    static let bytesPerConnection: UInt64 = 16 << 10
    /// Code, heap and the control plane's threads.
    static let bytesOfProcess: UInt64 = 24 << 20
    /// A worker's ring and stack; its buffers come on top (``BufferPlan``).
    static let bytesPerWorker: UInt64 = 1 << 20
    /// The default is never below this: a proxy that can hold nothing is of no use, whatever the limits say.
    static let leastDefault = 16
    /// The default is never above this; more has to be asked for.
    static let greatestDefault = 65536
    /// What may be asked for.
    static let greatest = 1 << 20

    let machine: Machine
    let workers: Int
    let listeners: Int
    /// Whether there is an admin endpoint.
    let hasAdmin: Bool

    /// Descriptors that are not for connections; each worker has its own listener for each address.
    var reservedDescriptors: Int {
        Self.descriptorsOfProcess + (hasAdmin ? AdminServer.descriptors : 0)
            + workers * (Self.descriptorsPerWorker + listeners)
    }

    /// May be 0.
    var byDescriptors: Int { max(0, machine.descriptors - reservedDescriptors) / Self.descriptorsPerConnection }

    /// Memory that is not for connections.
    var reservedBytes: UInt64 {
        let buffers = UInt64(BufferPlan(memory: machine.memory, workers: workers).sizes.bytes)
        return Self.bytesOfProcess + UInt64(workers) * (Self.bytesPerWorker + buffers)
    }

    /// Nil without a memory limit; may be 0.
    var byMemory: Int? {
        machine.memory.map { limit in
            Int(clamping: (limit.bytes - min(limit.bytes, reservedBytes)) / Self.bytesPerConnection)
        }
    }

    /// What holds when `--max-connections` is not given.
    var defaultLimit: ConnectionLimit {
        let room = min(byDescriptors, byMemory ?? .max)
        if room < Self.leastDefault {
            let reason = "the least; room for \(room): \(reason(for: room))"
            return ConnectionLimit(count: Self.leastDefault, reason: reason)
        }
        if room > Self.greatestDefault {
            return ConnectionLimit(count: Self.greatestDefault, reason: "the greatest without --max-connections")
        }
        return ConnectionLimit(count: room, reason: reason(for: room))
    }

    /// The limit as given; more than the descriptors allow is refused, more than memory allows is said in the reason.
    func limit(parsing text: String) throws(InvalidValue) -> ConnectionLimit {
        let greatest = min(Self.greatest, byDescriptors)
        guard text.utf8.allSatisfy(Name.isDigit), let count = Int(text), (1...Self.greatest).contains(count) else {
            throw InvalidValue("a whole number from 1 to \(max(1, greatest))")
        }
        guard count <= greatest else {
            throw InvalidValue(
                "at most \(greatest): \(machine.descriptors) descriptors are allowed (RLIMIT_NOFILE), "
                    + "\(reservedDescriptors) are reserved and a connection takes \(Self.descriptorsPerConnection)"
            )
        }
        guard let byMemory, count > byMemory else { return ConnectionLimit(count: count, reason: "as given") }
        return ConnectionLimit(count: count, reason: "as given, though memory has room for \(byMemory)")
    }

    /// Which of the two limits makes it `room`, in words.
    private func reason(for room: Int) -> String {
        guard let memory = machine.memory, byMemory == room, room < byDescriptors else {
            return "\(machine.descriptors) descriptors less \(reservedDescriptors) reserved, "
                + "\(Self.descriptorsPerConnection) a connection"
        }
        return "\(memory.bytes >> 20) MiB of memory (\(memory.source)) less \(reservedBytes >> 20) MiB reserved, "
            + "\(Self.bytesPerConnection >> 10) KiB a connection"
    }
}
