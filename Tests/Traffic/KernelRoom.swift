import Glibc

/// How much the kernel keeps for a connection, and in pieces of which size; nil leaves it to the kernel.
public struct KernelRoom: Sendable {
    /// Bytes, about: SO_SNDBUF and SO_RCVBUF (socket(7)).
    public var sendBuffer: Int32?
    public var receiveBuffer: Int32?
    /// The largest segment that either side sends (TCP_MAXSEG, tcp(7)). A send queue may grow to 20 segments and more
    /// (tcp_sndbuf_expand() of Linux): on the loopback interface, whose segments have 64 KiB, to 2.6 MiB.
    public var segment: Int32?

    public init(sendBuffer: Int32? = nil, receiveBuffer: Int32? = nil, segment: Int32? = nil) {
        self.sendBuffer = sendBuffer
        self.receiveBuffer = receiveBuffer
        self.segment = segment
    }

    /// To be called before a socket connects or listens; what is accepted from a listener has the same.
    func give(to descriptor: Int32) {
        if let sendBuffer { Socket.setOption(descriptor, SO_SNDBUF, sendBuffer) }
        if let receiveBuffer { Socket.setOption(descriptor, SO_RCVBUF, receiveBuffer) }
        if let segment { Socket.setOption(descriptor, TCP_MAXSEG, segment, level: Int32(IPPROTO_TCP)) }
    }
}
