//go:build !unix

package attack

func lower(int) {}
