import Foundation
import NomadDouble
import Testing

@Suite("Blocking queries")
struct BlockingTests {
    @Test("a query at the current index parks, and its own service's change wakes it")
    func wakes() throws {
        let rig = try Rig.serving()
        let row = Registration(service: "redis", port: 1)
        rig.double.upsert(row)
        let index = rig.double.index
        let client = try rig.park("/v1/service/redis?index=\(index)&wait=60s")
        #expect(rig.double.parkedQueries(service: "redis") == 1)
        #expect(rig.double.parkedQueries(service: "redis", namespace: "other") == 0)
        rig.double.delete(id: row.id)
        let response = try client.response()
        #expect(response.text == "[]")
        #expect(response.index == "\(index + 1)")
        #expect(rig.double.parkedQueries == 0)
    }

    @Test("a service that does not exist yet wakes its query when it appears")
    func appears() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/service/redis?index=1")
        rig.double.upsert(Registration(service: "redis", address: "10.1.2.3"))
        #expect(try client.response().text.contains("10.1.2.3"))
    }

    @Test("nothing changed: the answer comes when the wait and its jitter have passed, with the same index")
    func timesOut() throws {
        let rig = try Rig.serving { $0.timeScale = 0.01 }
        rig.double.upsert(Registration(service: "redis"))
        let start = DispatchTime.now().uptimeNanoseconds
        let response = try rig.get("/v1/service/redis?index=\(rig.double.index)&wait=20s")
        #expect(DispatchTime.now().uptimeNanoseconds - start >= 200_000_000)
        #expect(response.index == "\(rig.double.index)")
    }

    @Test("without a positive wait it is the longest", arguments: ["", "&wait=0s", "&wait=-1s", "&wait=10m"])
    func longest(parameter: String) throws {
        let rig = try Rig.serving { $0.timeScale = 0.001 }
        let start = DispatchTime.now().uptimeNanoseconds
        _ = try rig.get("/v1/service/redis?index=1\(parameter)")
        #expect(DispatchTime.now().uptimeNanoseconds - start >= 300_000_000)
    }

    @Test("a change between two polls, even elsewhere, makes the next answer immediate")
    func between() throws {
        let rig = try Rig.serving()
        rig.double.upsert(Registration(service: "redis"))
        let index = rig.double.index
        rig.double.upsert(Registration(service: "web", namespace: "other"))
        let response = try rig.get("/v1/service/redis?index=\(index)&wait=60s")
        #expect(response.index == "\(index + 1)")
        #expect(response.text.contains("redis"))
    }

    @Test("an equal registration and other tables change neither row nor index")
    func unchanged() throws {
        let rig = try Rig.serving()
        let row = Registration(service: "redis")
        #expect(rig.double.upsert(row))
        let index = rig.double.index
        let client = try rig.park("/v1/service/redis?index=\(index)")
        #expect(!rig.double.upsert(row))
        rig.double.writeElsewhere(times: 5)
        #expect(rig.double.index == index)
        #expect(!client.isReadable(within: 50))
        #expect(rig.double.parkedQueries == 1)
        var changed = row
        changed.tags = ["new"]
        rig.double.upsert(changed)
        #expect(try client.response().index == "\(rig.double.raftIndex)")
        #expect(rig.double.registrations.first?.createIndex == index)
    }

    @Test("after a restore to a lower index the query stays parked until its wait ends, then tells the lower index")
    func restoreBelow() throws {
        let rig = try Rig.serving { $0.timeScale = 0.01 }
        rig.double.setIndex(500)
        let client = try rig.park("/v1/service/redis?index=500&wait=300s")
        let row = Registration(service: "redis", address: "10.9.9.9")
        rig.double.restore(RegistrationSnapshot(raftIndex: 40, tableIndex: 20, registrations: [row]))
        #expect(rig.double.parkedQueries == 1)
        let response = try client.response()
        #expect(response.index == "20")
        #expect(response.text.contains("10.9.9.9"))
    }

    @Test("a restore to a higher index answers at once")
    func restoreAbove() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/service/redis?index=1")
        rig.double.restore(RegistrationSnapshot(raftIndex: 90, tableIndex: 80))
        #expect(try client.response().index == "80")
    }

    @Test("a released query answers as if its wait had passed")
    func release() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/service/redis?index=7")
        rig.double.releaseParkedQueries()
        #expect(try client.response().index == "1")
    }

    @Test("a client that goes leaves no parked query, but is remembered")
    func abandoned() throws {
        let rig = try Rig.serving()
        var client: RawClient? = try rig.park("/v1/service/redis?index=1")
        #expect(client != nil)
        client = nil
        #expect(waitUntil { rig.double.parkedQueries == 0 })
        #expect(rig.double.abandonedQueries == 1)
    }

    @Test("a list of services wakes for its namespace only")
    func list() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/services?index=1")
        rig.double.upsert(Registration(service: "web", namespace: "other"))
        #expect(rig.double.parkedQueries == 1)
        rig.double.upsert([Registration(service: "web", tags: ["b"]), Registration(service: "web", tags: ["a", "b"])])
        #expect(
            try client.response().text
                == #"[{"Namespace":"default","Services":[{"ServiceName":"web","Tags":["a","b"]}]}]"#
        )
    }

    @Test("hundreds of parked queries and thousands of changes a second lose nothing")
    func load() throws {
        let rig = try Rig.serving()
        let double = rig.double
        var rows = (0..<30).map { Registration(service: "s\($0)") }
        double.upsert(rows)
        let index = double.index
        let clients = try (0..<300).map { number in
            let client = try rig.connect()
            client.get("/v1/service/s\(number % 30)?index=\(index)&wait=300s", token: rig.token.text)
            return client
        }
        #expect(waitUntil(within: 30) { double.parkedQueries == 300 })
        let writers = (0..<2).map { writer in
            Thread {
                for number in 0..<1500 {
                    double.upsert(Registration(service: "burst", port: number, id: "w\(writer)-\(number % 50)"))
                }
            }
        }
        for writer in writers { writer.start() }
        #expect(waitUntil(within: 60) { writers.allSatisfy(\.isFinished) })
        #expect(double.parkedQueries == 300)
        #expect(double.index == index + 3000)
        for offset in rows.indices { rows[offset].address = "changed" }
        double.upsert(rows)
        for client in clients {
            let response = try client.response()
            #expect(response.text.contains("changed"))
            #expect(response.index == "\(index + 3001)")
        }
    }
}
