import NomadDouble

/// The double's faults by a name that those of verified traffic do not share.
typealias NomadFault = Fault
