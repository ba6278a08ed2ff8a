import Foundation
import Testing
import Traffic

private let haproxyPath = "/usr/sbin/haproxy"

/// HAProxy 2.6 hands resets on as ends of stream, and resets some backends when a client closes without a byte; the
/// other ends it keeps. The checker must say exactly that.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: haproxyPath)))
struct HAProxyTests {
    @Test func resetsTurnCleanThroughHAProxyAndHalfClosesArrive() throws {
        let server = VerifyingServer()
        defer { server.stop() }
        let port = try #require(server.address.port)
        let socket = temporaryPath("haproxy.sock")
        let file = temporaryPath("haproxy.cfg")
        let text = """
            global
                nbthread 1
                maxconn 2000
            defaults
                mode tcp
                timeout connect 5s
                timeout client 60s
                timeout server 60s
            frontend f
                bind unix@\(socket)
                bind 127.0.0.1:\(freePort())
                default_backend b
            backend b
                server s 127.0.0.1:\(port)

            """
        let tcpPort = try #require(UInt16(text.split(separator: "bind 127.0.0.1:")[1].prefix { $0.isNumber }))
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let proxy = Process()
        proxy.executableURL = URL(fileURLWithPath: haproxyPath)
        proxy.arguments = ["-db", "-f", file]
        try proxy.run()
        defer {
            proxy.terminate()
            proxy.waitUntilExit()
            try? FileManager.default.removeItem(atPath: file)
            try? FileManager.default.removeItem(atPath: socket)
        }
        #expect(waitUntil { (try? LineClient(to: .unix(socket))) != nil })
        #expect(waitUntil { server.openCount == 0 })

        var options = VerifyingClient.Options()
        options.connections = 1_000
        options.maximumUpload = 256 * 1024
        options.maximumDownload = 256 * 1024
        let report = VerifyingClient.run(options, to: .ipv4("127.0.0.1", port: tcpPort), servers: [server])
        #expect(report.count(.resetTurnedClean) > 0, "\(report)")
        #expect(report.count(.mismatched) == 0, "\(report)")

        options.endings = [.clientFirst, .serverFirst, .bothAtEnd]
        for address in [TrafficAddress.ipv4("127.0.0.1", port: tcpPort), .unix(socket)] {
            let clean = VerifyingClient.run(options, to: address, servers: [server])
            #expect(clean.totalFaults == 0, "\(clean)")
        }
    }

    private func freePort() -> UInt16 {
        let reserved = RefusingAddress()
        defer { reserved.stop() }
        return reserved.address.port ?? 0
    }
}
