/// What one check came to.
struct Finding: Equatable, Sendable, Encodable {
    /// What was looked at; the words of the report's second column.
    enum Check: String, Sendable, Encodable, CaseIterable {
        case kernel, splice, descriptors, memory, congestion, listen, admin, nomad, token, service, endpoint
    }

    enum Verdict: String, Sendable, Encodable, CaseIterable {
        case ok
        /// It works, but not as well as it could, or perhaps not for long.
        case warning
        /// A run would end, or serve nobody.
        case failure
    }

    let check: Check
    let verdict: Verdict
    /// One sentence; never a token or a password.
    let text: String
    let cure: Cure?

    static func ok(_ check: Check, _ text: String) -> Finding {
        Finding(check: check, verdict: .ok, text: text, cure: nil)
    }

    static func warning(_ check: Check, _ text: String, cure: Cure?) -> Finding {
        Finding(check: check, verdict: .warning, text: text, cure: cure)
    }

    static func failure(_ check: Check, _ text: String, cure: Cure?) -> Finding {
        Finding(check: check, verdict: .failure, text: text, cure: cure)
    }
}

/// A line that mends what was found, and where it belongs.
struct Cure: Equatable, Sendable, Encodable {
    enum Place: String, Sendable, Encodable, CaseIterable {
        /// Lines of Fanout's job file.
        case task = "in the task"
        case config = "in the task's config"
        /// Of the task's config.
        case arguments = "in the task's args"
        case resources = "in the task's resources"
        /// A line of the job file of the service that is looked for.
        case service = "in the service of the other job"
        /// A command for the Nomad client's machine.
        case node = "on the node"
        /// A flag of the command line.
        case flag = "on the command line"
    }

    let place: Place
    let line: String

    init(_ place: Place, _ line: String) {
        self.place = place
        self.line = line
    }
}
