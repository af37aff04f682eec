// Package ext stands in for an empty module that is not served.
package ext

type (
	HTTP   struct{}
	Router struct{}
)
