import CURing
import Glibc

/// Operations on connections: tried, parked, tried again when their socket has become ready, cancelled.
extension EpollDriver {
    private static var readiness: UInt32 {
        FANOUT_EPOLLIN | FANOUT_EPOLLOUT | FANOUT_EPOLLRDHUP | FANOUT_EPOLLPRI | FANOUT_EPOLLET
    }

    /// The socket of an operation, registered.
    ///
    /// A closed descriptor leaves epoll by itself, and its number comes back as another socket. It is another one when
    /// the operation is another owner's, or a connect, which a socket sees once. And an owner may take over the socket
    /// of another, in place of its own: then the registration goes with it.
    ///
    /// - Returns: nil where it cannot be registered; then that is the operation's result.
    private func open(_ descriptor: Int32, for token: Token) -> UnsafeMutablePointer<EpollSocket>? {
        let place = sockets.place(of: token)
        let socket = unsafe sockets.socket(at: place)
        let owner = EpollSocket.owner(of: token)
        if unsafe socket.pointee.owner == owner, unsafe socket.pointee.descriptor == descriptor,
            token.operation != .connect
        {
            return unsafe socket
        }
        precondition(unsafe socket.pointee.isIdle, "an owner has left operations behind")
        unsafe socket.pointee = EpollSocket()
        let code = fanout_epoll_add(
            epoll,
            descriptor,
            Self.readiness,
            UInt64(place) << 32 | UInt64(UInt32(bitPattern: descriptor))
        )
        guard code == 0 else {
            results.append(Completion(token: token, result: code))
            return nil
        }
        unsafe socket.pointee.owner = owner
        unsafe socket.pointee.descriptor = descriptor
        unsafe socket.pointee.isUpstream = token.operation.isOfUpstream
        // What can be read now is an event of its own; room there nearly always is.
        unsafe socket.pointee.isWritable = true
        // Descriptors that come with its bytes end a receive early (unix(7)). Upstreams are TCP.
        unsafe socket.pointee.mayHideMore = !socket.pointee.isUpstream && Socket.isUnix(descriptor)
        return unsafe socket
    }

    // MARK: Verbs

    public func connect(_ descriptor: Int32, to address: UnsafePointer<SocketAddress>, token: Token) -> Bool {
        let code = unsafe Socket.connectAtOnce(descriptor, to: address)
        guard code == 0 || code == -EALREADY else {
            // The place may still be that of an earlier attempt, whose number the next socket may have.
            let socket = unsafe sockets.socket(at: sockets.place(of: token))
            precondition(unsafe socket.pointee.isIdle, "an owner has left operations behind")
            unsafe socket.pointee = EpollSocket()
            results.append(Completion(token: token, result: code))
            return false
        }
        guard let socket = unsafe open(descriptor, for: token) else { return false }
        if code == 0 { return true }
        unsafe socket.pointee.outgoing = .connect
        return false
    }

    public func receive(from descriptor: Int32, into pool: BufferPool, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.incoming = pool == .common ? .receive : .receiveFromReserve
        if unsafe socket.pointee.isReadable { unsafe tryReceive(socket) }
    }

    public func awaitReadable(_ descriptor: Int32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.incoming = .readable
        // Asked for, not remembered: others read from the socket too (splice(2)).
        unsafe tellReadable(socket, Self.present(on: descriptor, FANOUT_EPOLLIN))
    }

    public func watch(_ descriptor: Int32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.incoming = .watch
        unsafe tellMore(socket, Self.present(on: descriptor, FANOUT_EPOLLIN | FANOUT_EPOLLPRI | FANOUT_EPOLLRDHUP))
    }

    public var bufferSize: Int { common.size }

    public func receive(from descriptor: Int32, into buffer: BufferIndex) -> Int32 {
        unsafe Socket.receive(descriptor, common.address(of: buffer), common.size)
    }

    public func send(to descriptor: Int32, buffer: BufferIndex, count: UInt32) -> Int32 {
        unsafe Socket.send(descriptor, common.address(of: buffer), Int(count))
    }

    public func send(to descriptor: Int32, buffer: BufferIndex, offset: UInt32, count: UInt32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.outgoing = .send
        unsafe socket.pointee.buffer = buffer
        unsafe socket.pointee.offset = offset
        unsafe socket.pointee.count = count
        if unsafe socket.pointee.isWritable { unsafe trySend(socket) }
    }

    public func poll(_ descriptor: Int32, events: UInt32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        // The bits of poll(2) are 16.
        let wanted = UInt16(truncatingIfNeeded: events | PollEvents.hangup)
        let present = Self.present(on: descriptor, events)
        if token.operation.isWritable {
            precondition(unsafe socket.pointee.room == 0, "a second poll for room")
            unsafe socket.pointee.room = wanted
            unsafe tellRoom(socket, present)
        } else {
            precondition(unsafe socket.pointee.end == 0, "a second poll for the end")
            unsafe socket.pointee.end = wanted
            unsafe tellEnd(socket, present)
        }
    }

    public func cancel(_ token: Token) {
        guard token.operation != .accept else {
            let listener = unsafe sockets.listener(token.slot)
            if unsafe listener.pointee.isArmed && listener.pointee.token == token.rawValue {
                endAccept(token.slot, -ECANCELED)
            }
            return
        }
        let socket = unsafe sockets.socket(at: sockets.place(of: token))
        guard unsafe socket.pointee.owner == EpollSocket.owner(of: token) else { return }
        // What is not there any more has a result that waits to be delivered.
        switch token.operation {
        case .connect, .sendToClient, .sendToUpstream:
            if unsafe socket.pointee.outgoing != .none { unsafe finishOutgoing(socket, -ECANCELED) }
        case .receiveFromClient, .receiveFromUpstream:
            if unsafe socket.pointee.incoming != .none { unsafe finishIncoming(socket, -ECANCELED) }
        case .clientWritable, .upstreamWritable:
            guard unsafe socket.pointee.room != 0 else { return }
            unsafe socket.pointee.room = 0
            results.append(Completion(token: token, result: -ECANCELED))
        case .clientHangup, .upstreamHangup:
            guard unsafe socket.pointee.end != 0 else { return }
            unsafe socket.pointee.end = 0
            results.append(Completion(token: token, result: -ECANCELED))
        case .accept:
            preconditionFailure("looked at above")
        }
    }

    // MARK: Readiness

    /// The bits of poll(2) that are set now, of those asked for and of those that are told unasked.
    private static func present(on descriptor: Int32, _ events: UInt32) -> UInt32 {
        var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        return unsafe Glibc.poll(&entry, 1, 0) > 0 ? UInt32(UInt16(bitPattern: entry.revents)) : 0
    }

    /// What epoll has told of a socket: parked operations are tried again.
    ///
    /// A socket that was taken over by another owner may still be registered at the place that it had: the events of one
    /// that is not there any more are nobody's.
    func react(to events: UInt32, at place: Int, of descriptor: Int32) {
        let socket = unsafe sockets.socket(at: place)
        guard unsafe socket.pointee.descriptor == descriptor else { return }
        if events & (FANOUT_EPOLLIN | FANOUT_EPOLLRDHUP | PollEvents.hangup) != 0 {
            unsafe socket.pointee.isReadable = true
        }
        if events & (FANOUT_EPOLLRDHUP | FANOUT_EPOLLPRI | PollEvents.hangup) != 0 {
            unsafe socket.pointee.mayHideMore = true
        }
        if events & (FANOUT_EPOLLOUT | PollEvents.hangup) != 0 { unsafe socket.pointee.isWritable = true }

        switch unsafe socket.pointee.outgoing {
        case .connect:
            let bits = events & (FANOUT_EPOLLOUT | PollEvents.hangup)
            if bits != 0 { unsafe finishOutgoing(socket, Int32(bitPattern: bits)) }
        case .send:
            if unsafe socket.pointee.isWritable { unsafe trySend(socket) }
        case .none:
            break
        }
        switch unsafe socket.pointee.incoming {
        case .receive, .receiveFromReserve:
            if unsafe socket.pointee.isReadable { unsafe tryReceive(socket) }
        case .readable:
            unsafe tellReadable(socket, events)
        case .watch:
            unsafe tellMore(socket, events)
        case .none:
            break
        }
        unsafe tellRoom(socket, events)
        unsafe tellEnd(socket, events)
    }

    private func tellReadable(_ socket: UnsafeMutablePointer<EpollSocket>, _ events: UInt32) {
        let bits = events & (FANOUT_EPOLLIN | FANOUT_EPOLLRDHUP | PollEvents.hangup)
        if bits != 0 { unsafe finishIncoming(socket, Int32(bitPattern: bits)) }
    }

    private func tellMore(_ socket: UnsafeMutablePointer<EpollSocket>, _ events: UInt32) {
        let bits = events & (FANOUT_EPOLLIN | FANOUT_EPOLLRDHUP | FANOUT_EPOLLPRI | PollEvents.hangup)
        guard bits != 0 else { return }
        let token = unsafe socket.pointee.token(.receiveFromClient, .receiveFromUpstream)
        results.append(Completion(token: token, result: Int32(bitPattern: bits), more: true))
    }

    private func tellRoom(_ socket: UnsafeMutablePointer<EpollSocket>, _ events: UInt32) {
        let bits = unsafe events & UInt32(socket.pointee.room)
        guard bits != 0 else { return }
        let token = unsafe socket.pointee.token(.clientWritable, .upstreamWritable)
        results.append(Completion(token: token, result: Int32(bitPattern: bits), more: true))
    }

    private func tellEnd(_ socket: UnsafeMutablePointer<EpollSocket>, _ events: UInt32) {
        let bits = unsafe events & UInt32(socket.pointee.end)
        guard bits != 0 else { return }
        let token = unsafe socket.pointee.token(.clientHangup, .upstreamHangup)
        results.append(Completion(token: token, result: Int32(bitPattern: bits), more: true))
    }

    // MARK: Attempts

    private func tryReceive(_ socket: UnsafeMutablePointer<EpollSocket>) {
        let descriptor = unsafe socket.pointee.descriptor
        let buffers = unsafe socket.pointee.incoming == .receive ? common : reserve
        guard let buffer = buffers.take() else {
            unsafe lookWithoutBuffer(descriptor, socket)
            return
        }
        let count = unsafe recv(descriptor, buffers.address(of: buffer), buffers.size, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            buffers.release(buffer)
            unsafe receivedNone(count == 0 ? 0 : errno, socket)
            return
        }
        let leftBytes = count == buffers.size && fanout_unread_bytes(descriptor) > 0
        // Edge-triggered: what comes after this has an event of its own (epoll(7)).
        if unsafe !leftBytes && !socket.pointee.mayHideMore { unsafe socket.pointee.isReadable = false }
        unsafe socket.pointee.incoming = .none
        results.append(
            Completion(
                token: unsafe socket.pointee.token(.receiveFromClient, .receiveFromUpstream),
                result: Int32(truncatingIfNeeded: count),
                buffer: buffer,
                leftBytes: leftBytes
            )
        )
    }

    /// No buffer is free, which is an answer only where there is something to receive.
    private func lookWithoutBuffer(_ descriptor: Int32, _ socket: UnsafeMutablePointer<EpollSocket>) {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        if count > 0 {
            unsafe finishIncoming(socket, -ENOBUFS)
        } else {
            unsafe receivedNone(count == 0 ? 0 : errno, socket)
        }
    }

    private func receivedNone(_ error: Int32, _ socket: UnsafeMutablePointer<EpollSocket>) {
        if error == EAGAIN {
            unsafe socket.pointee.isReadable = false
        } else {
            unsafe finishIncoming(socket, -error)
        }
    }

    private func trySend(_ socket: UnsafeMutablePointer<EpollSocket>) {
        let buffer = unsafe socket.pointee.buffer
        let address = unsafe stack(of: buffer).address(of: buffer) + Int(socket.pointee.offset)
        let wanted = unsafe Int(socket.pointee.count)
        let sent = unsafe Glibc.send(socket.pointee.descriptor, address, wanted, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        if sent < wanted { unsafe socket.pointee.isWritable = false }
        if sent >= 0 {
            unsafe finishOutgoing(socket, Int32(truncatingIfNeeded: sent))
        } else if errno != EAGAIN {
            unsafe finishOutgoing(socket, -errno)
        }
    }

    private func finishIncoming(_ socket: UnsafeMutablePointer<EpollSocket>, _ result: Int32) {
        unsafe socket.pointee.incoming = .none
        let token = unsafe socket.pointee.token(.receiveFromClient, .receiveFromUpstream)
        results.append(Completion(token: token, result: result))
    }

    private func finishOutgoing(_ socket: UnsafeMutablePointer<EpollSocket>, _ result: Int32) {
        let isConnect = unsafe socket.pointee.outgoing == .connect
        unsafe socket.pointee.outgoing = .none
        let token =
            unsafe isConnect
            ? socket.pointee.token(.connect, .connect) : socket.pointee.token(.sendToClient, .sendToUpstream)
        results.append(Completion(token: token, result: result))
    }
}
