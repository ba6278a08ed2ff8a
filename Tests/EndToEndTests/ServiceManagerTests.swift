import Foundation
import Testing
import Traffic

/// What `Type=notify` of systemd relies on, through a socket such as systemd makes.
@Suite(.serialized)
struct ServiceManagerTests {
    /// A bound unix datagram socket.
    private struct Mailbox: ~Copyable {
        let descriptor: Int32

        /// `@` and a name is a socket without a file.
        init(_ name: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(name.utf8)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { path in
                for (index, byte) in bytes.enumerated() where index > 0 || byte != UInt8(ascii: "@") {
                    unsafe path[index] = byte
                }
            }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
            let code = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(descriptor, $0, length)
                }
            }
            try #require(code == 0, "bind \(name): errno \(errno)")
            var patience = timeval(tv_sec: 20, tv_usec: 0)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        }

        deinit { close(descriptor) }

        /// The next message, empty if none comes.
        func next() -> String {
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }

    private func start(_ notifySocket: String) throws -> FanoutProcess {
        try FanoutProcess(
            ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0"],
            environment: ["NOTIFY_SOCKET": notifySocket]
        )
    }

    @Test(arguments: [true, false])
    func readyOnceItListensAndStoppingWhenItDrains(isAbstract: Bool) throws {
        let name = (isAbstract ? "@" : NSTemporaryDirectory()) + "notify-\(UUID().uuidString.prefix(8))"
        defer { if !isAbstract { _ = unsafe unlink(name) } }
        let mailbox = try Mailbox(name)
        let fanout = try start(name)
        defer { fanout.stop() }
        #expect(mailbox.next() == "READY=1")
        // Whoever is told so may connect at once.
        try LineClient(to: fanout.address()).close()
        fanout.signal(SIGQUIT)
        #expect(mailbox.next() == "STOPPING=1")
        #expect(try fanout.exitCode() == 0)
        #expect(fanout.messages("the service manager was not told").isEmpty)
    }

    @Test(arguments: ["/nonexistent/notify", "@nobody-listens-there", "@", "vsock:2:1234"])
    func aManagerThatIsNotThereIsNoHindrance(notifySocket: String) throws {
        let fanout = try start(notifySocket)
        defer { fanout.stop() }
        _ = try fanout.address()
        try fanout.wait("warning") { fanout.log.contains { ($0["message"] as? String)?.contains("manager") == true } }
        #expect(try fanout.quit() == 0)
    }
}
