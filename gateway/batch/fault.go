package batch

// Fault is why a body is refused.
type Fault uint8

// The faults. Their names are stable: the list may grow, none changes its meaning.
const (
	NoFault Fault = iota
	Syntax        // not JSON, or JSON of another shape
	Unknown       // a name that is none of the three
	Twice         // a name again in the same object
	Missing       // an object ends without a name that it needs
	Number        // a time that is not an integer of 1 to MaxDigits digits
	Empty         // no scans
	TooMany       // more than Max scans
	faultCount
)

var faultNames = [faultCount]string{"none", "syntax", "unknown_name", "name_twice", "name_missing", "number", "no_scans", "too_many"}

// String is the stable name of the fault.
func (f Fault) String() string { return faultNames[f] }

// Refusal says what is wrong with a body and where. The zero Refusal: nothing.
type Refusal struct {
	Fault Fault
	// Scan is how many scans were read before the fault; inside a scan that is
	// its place in the list, from 0.
	Scan int
	// Offset is where the fault is, bytes from the start of the body as it was
	// sent; the body's length if it ends too early. A name or a time is faulted
	// where it begins.
	Offset int
}
