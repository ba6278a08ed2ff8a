import Glibc

/// The n-th operation or call of a run, which fails.
final class FaultPoint {
    enum Site: Int, CaseIterable {
        case stream, accept, pipe, fill, drain
        case receiveNow, sendNow
        case acceptOperation, connect, receive, send, poll, awaitReadable

        /// What it may fail with.
        var errors: [Int32] {
            switch self {
            case .stream: [EMFILE, ENOBUFS]
            case .accept: [EMFILE, ECONNABORTED]
            case .pipe: [ENFILE]
            case .fill: [ECONNRESET, EAGAIN, ENOMEM, EINVAL]
            case .drain: [ECONNRESET, EPIPE, EAGAIN, ENOMEM]
            case .receiveNow: [ECONNRESET, EINTR, ETIMEDOUT]
            case .sendNow: [ECONNRESET, EPIPE, EAGAIN, EINTR]
            case .acceptOperation: [EMFILE, ECONNABORTED, EINTR, ENOMEM]
            case .connect: [ECONNREFUSED, ETIMEDOUT, EADDRNOTAVAIL, ENETUNREACH]
            case .receive: [ECONNRESET, ENOBUFS, EINTR, ETIMEDOUT]
            case .send: [ECONNRESET, EPIPE, EINTR, ENOMEM]
            case .poll: [ENOMEM, EINTR]
            case .awaitReadable: [ENOMEM, EINTR]
            }
        }

        /// The connection is none the worse for it: the same is simply asked for again, in this way or another.
        func isHarmless(_ error: Int32) -> Bool {
            switch self {
            case .stream, .accept, .pipe, .acceptOperation, .connect, .poll, .awaitReadable: true
            case .fill: error != ECONNRESET
            case .drain: error == EAGAIN
            case .receiveNow: error == EINTR
            case .sendNow: error == EAGAIN || error == EINTR
            case .receive: error == ENOBUFS || error == EINTR
            case .send: error == EINTR
            }
        }
    }

    static let variants = 4

    let number: Int
    let variant: Int
    private(set) var seen = 0
    /// What the number turned out to be, and what happened to it.
    private(set) var happened: (site: Site, error: Int32)?

    /// - Parameter number: from 0 on; one beyond all of them only counts them.
    init(number: Int, variant: Int) {
        self.number = number
        self.variant = variant
    }

    fileprivate func failure(of site: Site) -> Int32? {
        defer { seen += 1 }
        guard seen == number, variant < site.errors.count else { return nil }
        happened = (site, site.errors[variant])
        return happened?.error
    }
}

extension Network {
    /// The failure of a call, as its negated errno, if it is the one that is to fail.
    func failure(of site: FaultPoint.Site, on connection: Connection? = nil) -> Int32? {
        guard let failing, let error = failing.failure(of: site) else { return nil }
        say("injected: \(site) fails with errno \(error)")
        if !site.isHarmless(error), let connection {
            connection.hasFailed = true
            connection.hasLostBytes = true
        }
        return -error
    }
}
