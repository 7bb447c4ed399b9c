// Package identity knows the document that a temporary ID is issued on: what
// kinds there are, whether a resident ID number can be one, what a name may be.
//
// It promises that a number it accepts has the form of GB 11643 and that one
// person's number has one spelling. It cannot know whether the number was ever
// issued, nor whose it is: that is the real-person check's business. Its errors
// never repeat what was entered.
package identity
