import FoundationEssentials
import NIOSSL

/// How an `https` address of the Nomad API is verified, and how Fanout identifies itself there.
struct TransportSecurity: Equatable, Sendable {
    /// PEM file of trusted authorities; wins over `authorityDirectory`.
    let authorityFile: String?
    /// Directory of PEM files of trusted authorities.
    let authorityDirectory: String?
    let clientCertificate: String?
    let clientKey: String?
    /// The name that the agent's certificate must carry, for example `client.global.nomad`.
    let serverName: String?
    let skipsVerification: Bool

    /// Reads the variables of Nomad's Go client (`api.go`, `DefaultConfig`).
    init(environment: [String: String]) throws(NomadSetupError) {
        authorityFile = environment.nonEmpty("NOMAD_CACERT")
        authorityDirectory = environment.nonEmpty("NOMAD_CAPATH")
        clientCertificate = environment.nonEmpty("NOMAD_CLIENT_CERT")
        clientKey = environment.nonEmpty("NOMAD_CLIENT_KEY")
        serverName = environment.nonEmpty("NOMAD_TLS_SERVER_NAME")
        skipsVerification = environment.nonEmpty("NOMAD_SKIP_VERIFY").flatMap(Self.parseBool) ?? false
        guard (clientCertificate == nil) == (clientKey == nil) else {
            let (set, unset) =
                clientKey == nil
                ? ("NOMAD_CLIENT_CERT", "NOMAD_CLIENT_KEY") : ("NOMAD_CLIENT_KEY", "NOMAD_CLIENT_CERT")
            throw .invalid("\(set) is set but \(unset) is not; set both, or neither")
        }
    }

    /// Go's `strconv.ParseBool`; nil if the text is none of its twelve words.
    static func parseBool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": true
        case "0", "f", "F", "FALSE", "false", "False": false
        case _: nil
        }
    }

    /// Reads the files and makes a context for one connection, so that rotated files count from the next one on.
    func context() throws(NomadSetupError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.certificateVerification = skipsVerification ? .none : .fullVerification
        if let authorityFile {
            configuration.trustRoots = .certificates(try Self.certificates("NOMAD_CACERT", authorityFile))
        } else if let authorityDirectory {
            configuration.trustRoots = .certificates(try Self.authorities(in: authorityDirectory))
        }
        if let clientCertificate, let clientKey {
            configuration.certificateChain = try Self.certificates("NOMAD_CLIENT_CERT", clientCertificate)
                .map { .certificate($0) }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: clientKey, format: .pem))
            } catch {
                throw .invalid("NOMAD_CLIENT_KEY: `\(clientKey)` holds no readable PEM key (\(error))")
            }
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .invalid("the TLS settings for the Nomad API do not fit together: \(error)")
        }
    }

    private static func certificates(_ origin: String, _ path: String) throws(NomadSetupError) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw .invalid("\(origin): `\(path)` holds no readable PEM certificate (\(error))")
        }
    }

    private static func authorities(in directory: String) throws(NomadSetupError) -> [NIOSSLCertificate] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw .invalid("NOMAD_CAPATH: `\(directory)` is not a readable directory; name one with PEM files")
        }
        var found: [NIOSSLCertificate] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            // Other files may lie beside the certificates; only an empty yield is an error.
            found += (try? NIOSSLCertificate.fromPEMFile("\(directory)/\(name)")) ?? []
        }
        guard !found.isEmpty else {
            throw .invalid("NOMAD_CAPATH: no PEM certificate in `\(directory)`; name a directory with PEM files")
        }
        return found
    }
}

extension TransportSecurity {
    /// What a failed handshake means for the operator, nil for every other error.
    static func explanation(of error: any Error) -> String? {
        switch error {
        case is NIOSSLExtraError:
            "the agent's certificate is for another name; give the one it bears by NOMAD_TLS_SERVER_NAME "
                + "(client.<region>.nomad or server.<region>.nomad)"
        case NIOSSLError.handshakeFailed:
            "the TLS handshake failed; NOMAD_CACERT must be the authority that signed the agent's certificate, and an "
                + "agent that verifies clients needs NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY"
        case let error:
            error is NIOSSLError ? "the TLS connection failed: \(error)" : nil
        }
    }
}
