// Package process reads what processes take of the machine, and ends children.
package process
