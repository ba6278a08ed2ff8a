import Testing

@testable import Fanout

@Suite struct NomadAddressTests {
    private func resolve(_ text: String, _ environment: [String: String] = [:]) throws -> NomadAddress {
        try NomadAddress(text, setBy: "--nomad-address", environment: environment)
    }

    @Test func unixPathsAreTakenLiterally() throws {
        let address = try resolve("unix:///run/a%20b.sock")
        #expect(address.transport == .unix(path: "/run/a%20b.sock"))
        #expect(address.hostHeader == "127.0.0.1")
        #expect(address.demandsToken)
        #expect(try resolve("unix:/x").transport == .unix(path: "/x"))
        let longest = "/" + String(repeating: "p", count: 106)
        #expect(try resolve("unix://\(longest)").transport == .unix(path: longest))
        #expect(throws: NomadSetupError.self) { try resolve("unix://\(longest)p") }
    }

    @Test(arguments: [
        ("http://h", "h", 80, "h"), ("http://h:4646/", "h", 4646, "h:4646"), ("http://[::1]:9", "::1", 9, "[::1]:9"),
        ("http://127.0.0.1:65535", "127.0.0.1", 65535, "127.0.0.1:65535"),
    ])
    func readsHostAndPort(text: String, host: String, port: UInt16, header: String) throws {
        let address = try resolve(text)
        #expect(address.transport == .plain(host: host, port: port))
        #expect(address.hostHeader == header)
        #expect(!address.demandsToken)
    }

    @Test(arguments: [
        "", "127.0.0.1:4646", "ftp://h", "http://", "http://h:", "http://h:0", "http://h:65536", "http://h:+80",
        "http://::1:4646", "http://[::1", "http://[::1]x", "http://[fe80::1%25eth0]:1", "http://a b", "http://h/v1",
        "http://h?x", "unix://relative", "unix://", "http://u:%zz@h",
    ])
    func explainsBadAddressesInOneLine(text: String) {
        #expect {
            try resolve(text)
        } throws: { error in
            let message = "\(error)"
            return message.hasPrefix("--nomad-address: ") && message.contains("write ") && !message.contains("\n")
        }
    }

    @Test func credentialsInTheAddressWin() throws {
        let environment = ["NOMAD_HTTP_AUTH": "env:pass:word"]
        #expect(try resolve("http://h", environment).authorization == "Basic ZW52OnBhc3M6d29yZA==")
        #expect(try resolve("http://u:p%40ss@h", environment).authorization == "Basic dTpwQHNz")
        #expect(try resolve("http://h", ["NOMAD_HTTP_AUTH": "user"]).authorization == "Basic dXNlcjo=")
        #expect(try resolve("http://u:p@h:1").hostHeader == "h:1")
        #expect {
            try resolve("http://user:secret@h:x")
        } throws: { !"\($0)".contains("secret") }
    }

    @Test func readsTheTransportSecurityVariables() throws {
        let environment = [
            "NOMAD_CACERT": "/ca", "NOMAD_CAPATH": "/dir", "NOMAD_CLIENT_CERT": "/c", "NOMAD_CLIENT_KEY": "/k",
            "NOMAD_TLS_SERVER_NAME": "client.global.nomad", "NOMAD_SKIP_VERIFY": "T",
        ]
        guard case .secure("h", 443, let security) = try resolve("https://h", environment).transport else {
            Issue.record("not secure")
            return
        }
        #expect(security.authorityFile == "/ca" && security.authorityDirectory == "/dir")
        #expect(security.serverName == "client.global.nomad" && security.skipsVerification)
        #expect(throws: NomadSetupError.self) { try security.context() }
        #expect(throws: NomadSetupError.self) { try resolve("https://h", ["NOMAD_CLIENT_KEY": "/k"]) }
        #expect(throws: NomadSetupError.self) { try resolve("https://h", ["NOMAD_CLIENT_CERT": "/c"]) }
        _ = try TransportSecurity(environment: [:]).context()
    }

    @Test func parsesBooleansLikeGo() {
        for text in ["1", "t", "T", "TRUE", "true", "True"] { #expect(TransportSecurity.parseBool(text) == true) }
        for text in ["0", "f", "F", "FALSE", "false", "False"] { #expect(TransportSecurity.parseBool(text) == false) }
        for text in ["yes", "tRUE", "", "2"] { #expect(TransportSecurity.parseBool(text) == nil) }
    }
}
