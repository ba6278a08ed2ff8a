import Foundation
import NomadDouble
import Testing

@Suite("Control by commands")
struct ControlTests {
    private static func commands(_ rig: Rig) -> ControlCommands {
        ControlCommands(double: rig.double, tokenFile: rig.directory + "/nomad_token", token: rig.token)
    }

    @Test("add, list and remove")
    func registrations() throws {
        let rig = Rig()
        let commands = Self.commands(rig)
        #expect(commands.answer("add web 10.0.0.1:80 tag=a tag=b=c id=one namespace=prod") == "ok one")
        #expect(commands.answer("add web [::1]:81").hasPrefix("ok _nomad-task-"))
        let row = try #require(rig.double.registrations.last)
        #expect(row.id == "one" && row.tags == ["a", "b=c"] && row.namespace == "prod" && row.port == 80)
        #expect(rig.double.registrations.first?.address == "::1")
        let list = commands.answer("list")
        #expect(list.hasPrefix("ok 2 registrations at index 3\tdefault/web [::1]:81 _nomad-task-"))
        #expect(commands.answer("remove [::1]:81").hasPrefix("ok removed _nomad-task-"))
        #expect(commands.answer("remove one") == "ok removed one")
        #expect(rig.double.registrations.isEmpty)
    }

    @Test(
        "a wrong command says what would be right",
        arguments: [
            ("fly", "'fly' is no command; there are:"), ("", "is no command"), ("add web", "the form is: add SERVICE"),
            ("add web nowhere", "such as 127.0.0.1:8080"), ("add web 1.2.3.4:80 tags=x", "'tags=' means nothing here"),
            ("remove nobody", "'list' shows"), ("fault", "there are: status"), ("fault gremlin", "there are: status"),
            ("fault status", "code= is missing"), ("fault status code=9", "from 200 to 599"),
            ("fault null count=no", "count= takes a number"), ("index x", "the form is: index N"),
            ("restart nothing", "there are: task, tcp"), ("leader maybe", "leader on|off"),
        ]
    )
    func errors(line: String, hint: String) {
        let answer = Self.commands(Rig()).answer(line)
        #expect(answer.hasPrefix("error ") && answer.contains(hint))
        #expect(!answer.contains("\n"))
    }

    @Test("faults are armed by name, count and service, with a text of several words")
    func faults() throws {
        let rig = try Rig.serving()
        let commands = Self.commands(rig)
        #expect(commands.answer("fault status code=500 count=2 service=web body=No cluster leader").hasPrefix("ok"))
        #expect(try rig.get("/v1/service/web").text == "No cluster leader")
        #expect(commands.answer("faults").contains("1 more"))
        #expect(commands.answer("clear-faults") == "ok")
        #expect(try rig.get("/v1/service/web").status == 200)
        #expect(commands.answer("requests") == "ok 2")
    }

    @Test("a server on a unix socket answers line by line, and steers a live double")
    func server() throws {
        let rig = try Rig.serving()
        let path = rig.directory + "/control.sock"
        let server = try ControlServer(double: rig.double, path: path, handler: Self.commands(rig).answer)
        defer { server.shutdown() }
        #expect(try ControlClient.send("index 40", to: path) == "ok index 40")
        #expect(try ControlClient.send("restart", to: path) == "ok task")
        #expect(try rig.get("/v1/service/web").index == "40")
        #expect(try ControlClient.send("rotate-token", to: path).hasPrefix("ok wrote a new token"))
        #expect(try rig.get("/v1/service/web").status == 500)
        let client = try RawClient(path: path)
        client.send("requests\nparked\n")
        #expect(waitUntil { client.isReadable(within: 0) })
        #expect(throws: (any Error).self) { try ControlClient.send("list", to: path + ".none") }
    }
}
