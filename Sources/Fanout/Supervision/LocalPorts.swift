/// The ports that the kernel gives to sockets that connect (ip(7), ip_local_port_range).
enum LocalPorts {
    /// As they are now; all where that cannot be told.
    static func now(read: FileReader = SystemFile.read) -> ClosedRange<UInt16> {
        let text = read("/proc/sys/net/ipv4/ip_local_port_range") ?? ""
        let ports = text.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        guard ports.count == 2, ports[0] <= ports[1] else { return 0...(.max) }
        return ports[0]...ports[1]
    }
}
