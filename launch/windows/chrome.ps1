<#
.SYNOPSIS
Starts the dedicated Chrome by hand, on a debugging port of this machine, until Ctrl+C.
.DESCRIPTION
It has the profile and the flags that 'cdp-relay up' would give it: the program knows them, so they
are not written here a second time. Then, in another window: .venv\Scripts\cdp-relay serve
Options go to 'cdp-relay launch':
    powershell -ExecutionPolicy Bypass -File launch\windows\chrome.ps1 --debugging-port 9333
#>
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$checkout = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path
& (Join-Path $PSScriptRoot 'relay.ps1') -SetupOnly
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
$ErrorActionPreference = 'Continue'
& (Join-Path $checkout '.venv\Scripts\cdp-relay.exe') launch @args
exit $LASTEXITCODE
