import ArgumentParser

/// What a command beside `run` asks of a running Fanout.
enum AdminQuestion: Equatable, Sendable {
    case top(AdminAddress, TopOptions)
    case explain(AdminAddress, subject: String?, json: Bool)
    case wait(AdminAddress, timeout: Interval)
}

/// How `fanout top` shows what it reads.
struct TopOptions: Equatable, Sendable {
    /// Between two readings; above zero.
    let interval: Interval
    /// One reading and out, whatever standard output is.
    let once: Bool
    let json: Bool
}

/// A command that talks to the admin endpoint of a running Fanout.
protocol AdminCommand: ParsableCommand {
    var admin: AdminFlags { get }

    func question(of address: AdminAddress) throws(UsageError) -> AdminQuestion
}

extension AdminCommand {
    /// What to ask, or what is wrong.
    func invocation(_ environment: [String: String]) -> Invocation {
        do throws(UsageError) {
            return .ask(try question(of: admin.address(environment)))
        } catch {
            let name = Self.configuration.commandName ?? ""
            return .refuse(.usage, "fanout: \(error.message)\nfanout \(name) --help lists every flag\n")
        }
    }
}

/// The flag that they share.
struct AdminFlags: ParsableArguments {
    static let flag = "--admin-address"
    static let variable = "FANOUT_ADMIN_ADDRESS"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where the Fanout has its admin endpoint (default: \(variable))",
            valueName: "ADDR|unix:PATH"
        )
    )
    var adminAddress: String?

    /// The flag over the variable, an empty one being none.
    func address(_ environment: [String: String]) throws(UsageError) -> AdminAddress {
        let variable = environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = adminAddress ?? variable else {
            throw UsageError(
                "\(Self.flag) is missing: where the Fanout to ask has its admin endpoint, as given to its run"
            )
        }
        do {
            return try AdminAddress(parsing: text)
        } catch {
            throw UsageError(adminAddress == nil ? Self.variable : Self.flag, error, got: text)
        }
    }
}

extension Interval {
    /// The value of a flag that must not be zero.
    init(flag: String, positive text: String) throws(UsageError) {
        do throws(InvalidValue) {
            self = try Interval(parsing: text)
        } catch {
            throw UsageError(flag, error, got: text)
        }
        guard self > .zero else { throw UsageError("\(flag) must be longer than 0") }
    }
}
