/// A failure that is not about the command line's form: exit status 1, without the usage text.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
}
