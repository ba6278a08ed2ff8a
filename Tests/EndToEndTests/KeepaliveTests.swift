import Foundation
import Testing
import Traffic

/// Connections that have lasted for a while are probed when they are silent, on both sides.
@Suite
struct KeepaliveTests {
    @Test(arguments: ["127.0.0.1:0", "[::1]:0", "unix"])
    func bothSidesOfALongConnection(listen: String) throws {
        let server = EchoServer()
        defer { server.stop() }
        let path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock"
        let fanout = try proxy(
            to: [server.address],
            listen: listen == "unix" ? "unix:\(path)" : listen,
            ["--keepalive", "8s"]
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        let client = try LineClient(to: address)
        try client.sendAll("hello\n")
        #expect(try client.readLine() == "hello")

        let expected = listen == "unix" ? 1 : 2
        var times: [Double] = []
        try fanout.wait("keep both sides alive") {
            // The proxy's own: accepted at its port, or connected to the server.
            let own = try KernelSocket.all().filter {
                $0.state == .established && ($0.local == address.port || $0.remote == server.address.port)
            }
            times = own.compactMap(\.keepalive)
            return times.count == expected
        }
        // They have been silent since the line, for two seconds or longer.
        #expect(times.allSatisfy { $0 <= 8 }, "\(times)")

        try client.sendAll("still there\n")
        #expect(try client.readLine() == "still there")
        client.close()
        #expect(try fanout.quit() == 0)
    }
}
