/// How many worker threads run, and why so many.
struct WorkerCount: Hashable, Sendable {
    static let greatest = 256
    /// `auto` stays at or below this: under Nomad's docker driver there is often no quota, and a sidecar must not
    /// take every core of a large machine.
    static let greatestAutomatic = 4

    let count: Int
    /// For the start-up log and `--print-config`.
    let reason: String

    /// `auto`, or a whole number from 1 to 256.
    init(parsing text: String, machine: Machine) throws(InvalidValue) {
        if text == "auto" {
            self = .automatic(for: machine)
            return
        }
        guard text.utf8.allSatisfy(Name.isDigit), let count = Int(text), (1...Self.greatest).contains(count) else {
            throw InvalidValue("a whole number from 1 to \(Self.greatest), or auto")
        }
        self.init(count: count, reason: "as given")
    }

    private init(count: Int, reason: String) {
        self.count = count
        self.reason = reason
    }

    static func automatic(for machine: Machine) -> WorkerCount {
        let affinity = "CPU affinity allows \(machine.affinity)"
        let quota = machine.cpuQuota.map { "cgroup quota of \($0)" } ?? "no cgroup quota"
        let usable = min(machine.affinity, machine.cpuQuota ?? .max)
        guard usable > greatestAutomatic else {
            return WorkerCount(count: max(1, usable), reason: "auto: \(affinity), \(quota)")
        }
        return WorkerCount(
            count: greatestAutomatic,
            reason: "auto: at most \(greatestAutomatic) (\(affinity), \(quota))"
        )
    }
}
