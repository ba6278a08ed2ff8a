import Glibc
import Reactor

/// What was found of Nomad's API.
enum NomadFacts: Equatable, Sendable {
    /// Only fixed endpoints are wanted.
    case notNeeded
    case noAddress
    /// An address, or certificates, that no client can be made from.
    case invalid(String)
    /// Over TCP: the queries will tell.
    case network(String)
    /// A unix socket: why it cannot be connected to, and whose it is.
    case socket(path: String, error: SystemError?, owner: UInt32?, user: UInt32)
}

/// What was found of the token; never the token.
struct TokenFacts: Equatable, Sendable {
    enum State: Equatable, Sendable {
        /// Well formed; `expiry` in seconds since 1970, for a web token that says so.
        case found(expiry: UInt64?)
        case absent
        case malformed
        case unreadable(SystemError)
    }

    /// Nil where it is the value of `NOMAD_TOKEN`.
    let file: String?
    let state: State
    /// Permission bits of the file.
    let mode: UInt32?
    /// Whether the operator named the file: then its permissions are theirs, else they are Nomad's.
    let isExplicit: Bool
    /// Whether the API refuses all requests without one: the task API does, even without ACLs (Nomad 1.5).
    let isDemanded: Bool
    /// Seconds since 1970.
    let now: UInt64
}

/// The way to Nomad and the token.
enum NomadCheck {
    static let identity = Cure(.task, "identity { file = true }")

    static func finding(_ facts: NomadFacts) -> Finding {
        switch facts {
        case .notNeeded: return .ok(.nomad, "not needed, the endpoints are fixed")
        case .noAddress:
            return .failure(
                .nomad,
                "no address: NOMAD_ADDR, NOMAD_UNIX_ADDR and NOMAD_SECRETS_DIR are not set, so this is no Nomad task",
                cure: Cure(.flag, "--nomad-address http://127.0.0.1:4646")
            )
        case .invalid(let why): return .failure(.nomad, why, cure: nil)
        case .network(let address): return .ok(.nomad, "\(address); whether it answers is asked below")
        case .socket(let path, nil, _, _): return .ok(.nomad, "\(path) accepts connections")
        case .socket(let path, let error?, let owner, let user): return socket(path, error, owner, user)
        }
    }

    private static func socket(_ path: String, _ error: SystemError, _ owner: UInt32?, _ user: UInt32) -> Finding {
        switch error.errno {
        case ENOENT:
            return .failure(
                .nomad,
                "\(path) is not there: the agent is older than Nomad 1.5, is restarting, or could not make it because "
                    + "its path on the client is longer than 107 bytes; then the task needs a shorter name",
                cure: Cure(.task, #"task "fanout" {"#)
            )
        case EACCES, EPERM:
            return .failure(
                .nomad,
                "\(path) may not be used by user \(user)" + (owner.map { ", it is user \($0)'s" } ?? ""),
                cure: Cure(.task, #"user = "\#(user)""#)
            )
        case ECONNREFUSED:
            return .failure(.nomad, "\(path): nobody listens; the agent has crashed or is restarting", cure: nil)
        case _: return .failure(.nomad, "\(path): \(error)", cure: nil)
        }
    }

    static func finding(_ facts: TokenFacts) -> Finding {
        let name = facts.file ?? "NOMAD_TOKEN"
        switch facts.state {
        case .found(let expiry?) where expiry <= facts.now:
            return .failure(
                .token,
                "\(name) holds a token that expired \(facts.now - expiry) s ago; Nomad renews named identities in place",
                cure: identity
            )
        case .found(let expiry):
            if facts.isExplicit, let mode = facts.mode, mode & 0o044 != 0 {
                return .warning(
                    .token,
                    "\(name) can be read by other users (mode \(String(mode, radix: 8)))",
                    cure: Cure(.node, "chmod 600 \(name)")
                )
            }
            let left = expiry.map { ", good for another \($0 - facts.now) s" } ?? ""
            return .ok(.token, "\(name) holds a token\(left)")
        case .absent where !facts.isDemanded:
            return .ok(.token, "none; enough where ACLs are off")
        case .absent:
            return .failure(.token, "none: there is no token file and no NOMAD_TOKEN", cure: identity)
        case .malformed:
            return .failure(.token, "\(name) is empty or holds no token", cure: identity)
        case .unreadable(let error) where error.errno == EACCES:
            return .failure(
                .token,
                "\(name) may not be read by this user (mode \(facts.mode.map { String($0, radix: 8) } ?? "unknown"))",
                cure: identity
            )
        case .unreadable(let error):
            return .failure(.token, "\(error)", cure: identity)
        }
    }
}
