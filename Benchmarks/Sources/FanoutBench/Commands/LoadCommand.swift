import ArgumentParser
import Foundation

/// The load process: prints its backend's port, then reads targets and prints what it measured of each.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load", shouldDisplay: false)

    @Argument var order: String

    func run() throws {
        let load = Load(try JSONDecoder().decode(LoadOrder.self, from: Data(order.utf8)))
        say("\(load.backendPort)")
        while let line = readLine() {
            let target = try JSONDecoder().decode(LoadTarget.self, from: Data(line.utf8))
            let measurement = load.run(target, own: getpid())
            say(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self))
        }
    }

    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
