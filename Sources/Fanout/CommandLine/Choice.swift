import Logging

/// An enum whose raw values are what operators write.
protocol Choice: RawRepresentable, CaseIterable, Sendable where RawValue == String {}

extension Choice {
    /// The values as the help shows them, `auto|io_uring`.
    static var choices: String { allCases.map(\.rawValue).joined(separator: "|") }

    init(parsing text: String) throws(InvalidValue) {
        guard let choice = Self(rawValue: text) else {
            let names = Self.allCases.map(\.rawValue)
            throw InvalidValue(names.dropLast().joined(separator: ", ") + " or " + (names.last ?? ""))
        }
        self = choice
    }
}

/// Which kernel interface the workers use.
enum DriverChoice: String, Choice {
    case auto
    case ioUring = "io_uring"
    case epoll
}

/// How a worker picks an endpoint for a new session.
enum BalancePolicy: String, Choice {
    case leastConnections = "least-connections"
    case twoChoices = "two-choices"
    case roundRobin = "round-robin"
    case random
}

/// The form of log lines.
enum LogFormat: String, Choice {
    case text
    case json
}

enum Switch: String, Choice {
    case on
    case off

    var isOn: Bool { self == .on }
}

extension Logger.Level: Choice {}
