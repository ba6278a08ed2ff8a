import NIOSSL
import Testing

@testable import Fanout

@Suite struct TransportSecurityTests {
    /// One line that names the variable to set, instead of the library's own words.
    @Test func handshakeFailuresAreExplained() throws {
        let untrusted = NIOSSLError.handshakeFailed(.sslError([]))
        #expect(TransportSecurity.explanation(of: untrusted)?.contains("NOMAD_CACERT") == true)
        let misnamed = NIOSSLExtraError.failedToValidateHostname
        #expect(TransportSecurity.explanation(of: misnamed)?.contains("NOMAD_TLS_SERVER_NAME") == true)
        #expect(TransportSecurity.explanation(of: CancellationError()) == nil)
    }
}
