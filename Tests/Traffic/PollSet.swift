import Glibc

/// The descriptors of one poll(2) call, rebuilt for every turn of an engine.
struct PollSet {
    static let readable = Int16(POLLIN)
    static let writable = Int16(POLLOUT)

    private var entries: [pollfd] = []

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
    }

    /// Adds a descriptor and returns its index; one without wanted events is not polled at all, because poll(2) would
    /// report its errors for ever.
    @discardableResult
    mutating func add(_ descriptor: Int32, _ events: Int16) -> Int {
        entries.append(pollfd(fd: events == 0 ? -1 : descriptor, events: events, revents: 0))
        return entries.count - 1
    }

    /// Waits up to `milliseconds`; an interrupted call is a turn without events.
    mutating func wait(milliseconds: Int32) {
        let count = nfds_t(entries.count)
        _ = unsafe entries.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, count, milliseconds) }
    }

    /// True when the descriptor has data, an end or an error to report.
    func isReadable(_ index: Int) -> Bool {
        entries[index].revents & (Self.readable | Int16(POLLHUP) | Int16(POLLERR)) != 0
    }

    /// True when the descriptor takes bytes, or would fail to.
    func isWritable(_ index: Int) -> Bool {
        entries[index].revents & (Self.writable | Int16(POLLHUP) | Int16(POLLERR)) != 0
    }
}
