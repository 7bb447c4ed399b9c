// Package identity knows the documents that passengers are identified by: what
// kinds there are, whether a number can be one's, which nationality goes with it,
// what a name may be and when two spellings are one name.
//
// It promises that a resident ID number it accepts has the form of GB 11643, that
// one document's number has one spelling, and that names compare as rule B8 says.
// It cannot know whether a number was ever issued, nor whose it is: that is the
// business of the real-person check and of the station window. Its errors never
// repeat what was entered. It reads no clock and keeps nothing.
package identity
