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
    /// nothing is parked on it and the operation is another owner's, or a connect, which a socket sees once.
    ///
    /// - Returns: nil where it cannot be registered; then that is the operation's result.
    private func open(_ descriptor: Int32, for token: Token) -> UnsafeMutablePointer<EpollSocket>? {
        let socket = unsafe sockets.socket(descriptor)
        sockets.note(descriptor, of: token)
        // Without the operation; not 0.
        let owner = (token.rawValue & 0x00ff_ffff_ffff_ffff) | 1 << 63
        guard unsafe socket.pointee.isIdle, unsafe socket.pointee.owner != owner || token.operation == .connect else {
            return unsafe socket
        }
        unsafe socket.pointee = EpollSocket()
        let code = fanout_epoll_add(epoll, descriptor, Self.readiness, UInt64(descriptor))
        guard code == 0 else {
            results.append(Completion(token: token, result: code))
            return nil
        }
        unsafe socket.pointee.owner = owner
        // What can be read now is an event of its own; room there nearly always is.
        unsafe socket.pointee.isWritable = true
        return unsafe socket
    }

    // MARK: Verbs

    public func connect(_ descriptor: Int32, to address: UnsafePointer<SocketAddress>, token: Token) {
        // A SocketAddress begins with the bytes of its sockaddr.
        let bytes = unsafe UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self)
        let code = unsafe Glibc.connect(descriptor, bytes, address.pointee.length) == 0 ? 0 : errno
        guard code == 0 || code == EINPROGRESS || code == EINTR else {
            results.append(Completion(token: token, result: -code))
            return
        }
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.outgoing = .connect
        unsafe socket.pointee.outgoingToken = token.rawValue
        if code == 0 { unsafe finishOutgoing(socket, 0) }
    }

    public func receive(from descriptor: Int32, into pool: BufferPool, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.incoming = pool == .common ? .receive : .receiveFromReserve
        unsafe socket.pointee.incomingToken = token.rawValue
        if unsafe socket.pointee.isReadable { unsafe tryReceive(descriptor, socket) }
    }

    public func awaitReadable(_ descriptor: Int32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.incoming = .readable
        unsafe socket.pointee.incomingToken = token.rawValue
        // Asked for, not remembered: others read from the socket too (splice(2)).
        unsafe tellReadable(socket, Self.present(on: descriptor, FANOUT_EPOLLIN))
    }

    public func send(to descriptor: Int32, buffer: BufferIndex, offset: UInt32, count: UInt32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        unsafe socket.pointee.outgoing = .send
        unsafe socket.pointee.outgoingToken = token.rawValue
        unsafe socket.pointee.buffer = buffer
        unsafe socket.pointee.offset = offset
        unsafe socket.pointee.count = count
        if unsafe socket.pointee.isWritable { unsafe trySend(descriptor, socket) }
    }

    public func poll(_ descriptor: Int32, events: UInt32, token: Token) {
        guard let socket = unsafe open(descriptor, for: token) else { return }
        let poll = EpollSocket.Poll(token: token.rawValue, events: events | PollEvents.hangup)
        if unsafe socket.pointee.room.events == 0 {
            unsafe socket.pointee.room = poll
        } else {
            precondition(unsafe socket.pointee.end.events == 0, "a third poll on one socket")
            unsafe socket.pointee.end = poll
        }
        tell(poll, Self.present(on: descriptor, events))
    }

    public func cancel(_ token: Token) {
        let descriptor = sockets.descriptor(of: token)
        let socket = unsafe sockets.socket(descriptor)
        let raw = token.rawValue
        // Not found: its result waits to be delivered.
        if unsafe socket.pointee.incoming != .none && socket.pointee.incomingToken == raw {
            if unsafe socket.pointee.incoming == .accept {
                endAccept(descriptor, -ECANCELED)
            } else {
                unsafe finishIncoming(socket, -ECANCELED)
            }
        } else if unsafe socket.pointee.outgoing != .none && socket.pointee.outgoingToken == raw {
            unsafe finishOutgoing(socket, -ECANCELED)
        } else if unsafe socket.pointee.room.events != 0 && socket.pointee.room.token == raw {
            unsafe socket.pointee.room = EpollSocket.Poll()
            results.append(Completion(token: token, result: -ECANCELED))
        } else if unsafe socket.pointee.end.events != 0 && socket.pointee.end.token == raw {
            unsafe socket.pointee.end = EpollSocket.Poll()
            results.append(Completion(token: token, result: -ECANCELED))
        }
    }

    // MARK: Readiness

    /// The bits of poll(2) that are set now, of those asked for and of those that are told unasked.
    private static func present(on descriptor: Int32, _ events: UInt32) -> UInt32 {
        var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        return unsafe Glibc.poll(&entry, 1, 0) > 0 ? UInt32(UInt16(bitPattern: entry.revents)) : 0
    }

    /// What epoll has told of a socket: parked operations are tried again.
    func react(to events: UInt32, on descriptor: Int32) {
        let socket = unsafe sockets.socket(descriptor)
        if unsafe socket.pointee.incoming == .accept {
            acceptMore(descriptor)
            return
        }
        if events & (FANOUT_EPOLLIN | FANOUT_EPOLLRDHUP | PollEvents.hangup) != 0 {
            unsafe socket.pointee.isReadable = true
        }
        if events & (FANOUT_EPOLLRDHUP | FANOUT_EPOLLPRI | PollEvents.hangup) != 0 {
            unsafe socket.pointee.mayHideMore = true
        }
        if events & (FANOUT_EPOLLOUT | PollEvents.hangup) != 0 { unsafe socket.pointee.isWritable = true }

        switch unsafe socket.pointee.outgoing {
        case .connect:
            guard unsafe socket.pointee.isWritable else { break }
            let error = Socket.takeError(descriptor)
            unsafe finishOutgoing(socket, -error)
        case .send:
            if unsafe socket.pointee.isWritable { unsafe trySend(descriptor, socket) }
        case .none:
            break
        }
        switch unsafe socket.pointee.incoming {
        case .receive, .receiveFromReserve:
            if unsafe socket.pointee.isReadable { unsafe tryReceive(descriptor, socket) }
        case .readable:
            unsafe tellReadable(socket, events)
        case .none, .accept:
            break
        }
        tell(unsafe socket.pointee.room, events)
        tell(unsafe socket.pointee.end, events)
    }

    private func tellReadable(_ socket: UnsafeMutablePointer<EpollSocket>, _ events: UInt32) {
        let bits = events & (FANOUT_EPOLLIN | FANOUT_EPOLLRDHUP | PollEvents.hangup)
        if bits != 0 { unsafe finishIncoming(socket, Int32(bitPattern: bits)) }
    }

    private func tell(_ poll: EpollSocket.Poll, _ events: UInt32) {
        guard events & poll.events != 0 else { return }
        let bits = Int32(bitPattern: events & poll.events)
        results.append(Completion(token: Token(rawValue: poll.token), result: bits, more: true))
    }

    // MARK: Attempts

    private func tryReceive(_ descriptor: Int32, _ socket: UnsafeMutablePointer<EpollSocket>) {
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
                token: Token(rawValue: unsafe socket.pointee.incomingToken),
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

    private func trySend(_ descriptor: Int32, _ socket: UnsafeMutablePointer<EpollSocket>) {
        let buffer = unsafe socket.pointee.buffer
        let address = unsafe stack(of: buffer).address(of: buffer) + Int(socket.pointee.offset)
        let wanted = unsafe Int(socket.pointee.count)
        let sent = unsafe Glibc.send(descriptor, address, wanted, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        if sent < wanted { unsafe socket.pointee.isWritable = false }
        if sent >= 0 {
            unsafe finishOutgoing(socket, Int32(truncatingIfNeeded: sent))
        } else if errno != EAGAIN {
            unsafe finishOutgoing(socket, -errno)
        }
    }

    private func finishIncoming(_ socket: UnsafeMutablePointer<EpollSocket>, _ result: Int32) {
        unsafe socket.pointee.incoming = .none
        results.append(Completion(token: Token(rawValue: unsafe socket.pointee.incomingToken), result: result))
    }

    private func finishOutgoing(_ socket: UnsafeMutablePointer<EpollSocket>, _ result: Int32) {
        unsafe socket.pointee.outgoing = .none
        results.append(Completion(token: Token(rawValue: unsafe socket.pointee.outgoingToken), result: result))
    }
}
