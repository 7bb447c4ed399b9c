package batch

// Fault is why a body is refused.
type Fault uint8

// The faults. Their names are stable: the list may grow, but no meaning changes.
const (
	NoFault Fault = iota
	Syntax        // not JSON, or JSON of another shape
	Unknown       // a name that the object does not have
	Twice         // a name again in the same object
	Missing       // an object ends without a name that it needs
	Number        // a time that is not an integer of 1 to MaxDigits digits
	Empty         // no scans
	Upload        // an upload key that is not 1 to MaxUpload of its characters
	TooMany       // more than Max scans
	faultCount
)

var faultNames = [faultCount]string{"none", "syntax", "unknown_name", "name_twice", "name_missing", "number", "no_scans", "upload", "too_many"}

// String returns the stable name of the fault.
func (f Fault) String() string { return faultNames[f] }

// Refusal describes the fault of a body and its position. The zero Refusal means no fault.
type Refusal struct {
	Fault Fault
	// Scan is the number of scans read before the fault; for a fault inside a scan, the
	// scan's index in the list, from 0.
	Scan int
	// Offset is the position of the fault, bytes from the start of the original body;
	// the body's length if it ends too early. The fault of a name, a time or
	// an upload key is at its first byte.
	Offset int
}
