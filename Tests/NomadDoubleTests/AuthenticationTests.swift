import Foundation
import NomadDouble
import Testing

@Suite("Authentication")
struct AuthenticationTests {
    private static let unknownUUID = "8e1b7d3c-0000-4000-8000-5d6a54904c17"

    /// Status and body for a token at a door.
    private func outcome(
        _ rig: Rig,
        _ door: Door,
        _ token: String?,
        _ target: String = "/v1/service/redis"
    ) throws -> String {
        let client: RawClient
        switch door {
        case .taskAPI: client = try rig.connect()
        case .tcp: client = try RawClient(port: rig.double.port ?? rig.double.listen())
        }
        client.get(target, token: token)
        let response = try client.response()
        return "\(response.status) \(response.text)"
    }

    @Test("with ACLs on each kind of token meets the outcome of its door")
    func table() throws {
        let rig = try Rig.serving { $0.timeScale = 0.001 }
        let double = rig.double
        let failed = "500 Server error authenticating request\n"
        let denied = "403 Permission denied"
        let expired = double.mintToken(expiresIn: -1)
        let ended = double.mintToken()
        double.endAllocation(ended.allocID)
        let unknownKey = double.mintToken(isSigningKeyKnown: false)
        let cases: [(token: String?, task: String, tcp: String)] = [
            (nil, "401 Unauthorized", denied),
            (Self.unknownUUID, "403 Forbidden", denied),
            (double.makeToken(.none), denied, denied),
            (double.makeToken(.readJob(namespaces: ["other"])), denied, denied),
            (double.makeToken(.readJob(namespaces: ["default"])), "200 []", "200 []"),
            (double.makeToken(.management), "200 []", "200 []"),
            (rig.token.text, "200 []", "200 []"),
            (double.mintToken(expiresIn: 3600).text, "200 []", "200 []"),
            ("garbage", failed, denied),
            (WorkloadToken().text, failed, denied),
            (expired.text, failed, denied),
            (ended.text, failed, denied),
            (unknownKey.text, failed, denied),
        ]
        for (token, task, tcp) in cases {
            #expect(try outcome(rig, .taskAPI, token) == task)
            #expect(try outcome(rig, .tcp, token) == tcp)
        }
    }

    @Test("with ACLs off the task API still wants a token, and before 1.7 a genuine one")
    func off() throws {
        let rig = try Rig.serving { $0.isAccessControlEnabled = false }
        #expect(try outcome(rig, .tcp, nil) == "200 []")
        #expect(try outcome(rig, .taskAPI, nil) == "401 Unauthorized")
        #expect(try outcome(rig, .taskAPI, "bogus") == "200 []")
        rig.double.settings.version = .before17
        #expect(try outcome(rig, .taskAPI, "bogus") == "403 Forbidden")
        #expect(try outcome(rig, .taskAPI, rig.token.text) == "200 []")
    }

    @Test("a workload reads any namespace, a star is a literal name, and the list over all is empty with index 0")
    func namespaces() throws {
        let rig = try Rig.serving()
        rig.double.upsert(Registration(service: "redis", namespace: "other"))
        #expect(try rig.get("/v1/service/redis?namespace=other").text.contains("redis"))
        #expect(try rig.get("/v1/service/redis?namespace=*").text == "[]")
        let all = try rig.get("/v1/services?namespace=*")
        #expect(all.text == "[]")
        #expect(all.index == "0")
        let token = rig.double.makeToken(.readJob(namespaces: ["other"]))
        #expect(try outcome(rig, .taskAPI, token, "/v1/services?namespace=*").contains("\"Namespace\":\"other\""))
    }

    @Test("a bearer token counts, X-Nomad-Token before it, and its blanks do not")
    func headers() throws {
        let rig = try Rig.serving()
        let client = try rig.connect()
        client.get("/v1/service/redis", token: nil, headers: ["Authorization: bEARER \(rig.token.text)"])
        #expect(try client.response().status == 200)
        client.get("/v1/service/redis", token: "garbage", headers: ["Authorization: Bearer \(rig.token.text)"])
        #expect(try client.response().status == 500)
        client.get("/v1/service/redis", token: "  \(rig.token.text)  ")
        #expect(try client.response().status == 200)
    }

    @Test("a minted token is three base64url parts with the claims of a workload")
    func shape() throws {
        let token = WorkloadToken(namespace: "prod", expiresIn: 60)
        let parts = token.text.split(separator: ".")
        #expect(parts.count == 3)
        var middle = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while middle.count % 4 != 0 { middle += "=" }
        let data = try #require(Data(base64Encoded: middle))
        let claims = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(claims["nomad_namespace"] as? String == "prod")
        #expect(claims["nomad_allocation_id"] as? String == token.allocID)
        #expect(claims["exp"] as? Int == token.expiry)
    }

    @Test("rotation rewrites the file in place, in the open, and the old token fails from then on")
    func rotation() throws {
        let rig = try Rig.serving()
        let file = rig.directory + "/nomad_token"
        try TokenFile.write(rig.token.text, to: file)
        let inode = try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int
        let (double, old) = (rig.double, rig.token)
        let writer = Thread { _ = try? double.rotateToken(old, file: file, pause: 1_000, splits: true) }
        writer.start()
        var lengths: Set<Int> = []
        #expect(
            waitUntil {
                lengths.insert((try? Data(contentsOf: URL(fileURLWithPath: file)).count) ?? -1)
                return writer.isFinished
            }
        )
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(lengths.contains(0) && lengths.contains { $0 > 0 && $0 < text.utf8.count })
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int == inode)
        #expect(!text.hasSuffix("\n"))
        #expect(try outcome(rig, .taskAPI, old.text) == "500 Server error authenticating request\n")
        #expect(try outcome(rig, .taskAPI, text) == "200 []")
    }
}
