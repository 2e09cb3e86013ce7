<#
.SYNOPSIS
Makes CDP Relay ready in this checkout, then starts it.
.DESCRIPTION
The first run makes the environment .venv, installs the checkout into it and looks for a browser;
later runs find all that done and start at once. Everything that is not an option of this script
goes to 'cdp-relay up':
    powershell -ExecutionPolicy Bypass -File launch\windows\relay.ps1 --port 0
.PARAMETER Yes
Install a missing browser (Google Chrome, by winget) without asking.
.PARAMETER SetupOnly
Make ready, start nothing.
#>
# No CmdletBinding: with it, PowerShell would refuse options that are cdp-relay's.
param([switch]$Yes, [switch]$SetupOnly)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$options = @($args)
$checkout = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path
$venv = Join-Path $checkout '.venv'
$python = Join-Path $venv 'Scripts\python.exe'
$program = Join-Path $venv 'Scripts\cdp-relay.exe'
$installed = Join-Path $venv '.cdp-relay-installed'
$browser = Join-Path $venv '.cdp-relay-browser'

function Say([string]$text) { Write-Host "launch/relay: $text" }

function Stop-With([string[]]$lines) {
    Say $lines[0]
    foreach ($line in ($lines | Select-Object -Skip 1)) { Write-Host "    $line" }
    exit 1
}

# What a program writes to its standard error is no error of ours: only its exit status counts.
function Invoke-Program([string]$file, [string[]]$arguments) {
    $ErrorActionPreference = 'Continue'
    & $file @arguments
}

function Test-Python([string]$file, [string[]]$first) {
    try {
        $check = 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
        Invoke-Program $file ($first + @('-c', $check)) 2>$null | Out-Null
        return $LASTEXITCODE -eq 0
    } catch { return $false }
}

function Find-Python {
    if ($env:CDP_RELAY_PYTHON -and (Test-Python $env:CDP_RELAY_PYTHON @())) {
        return @{ File = $env:CDP_RELAY_PYTHON; First = @() }
    }
    if (Get-Command py -ErrorAction SilentlyContinue) {
        foreach ($version in '-3.13', '-3.12', '-3.11') {
            if (Test-Python 'py' @($version)) { return @{ File = 'py'; First = @($version) } }
        }
    }
    # The store's placeholder is called python as well; it fails the check.
    foreach ($name in 'python', 'python3') {
        if ((Get-Command $name -ErrorAction SilentlyContinue) -and (Test-Python $name @())) {
            return @{ File = $name; First = @() }
        }
    }
    return $null
}

function Find-Browser {
    $look = @'
import os, sys
from cdp_relay.chrome import find_browser
from cdp_relay.errors import BrowserNotFound
try:
    print(find_browser(os.environ.get('CDP_RELAY_CHROME_EXECUTABLE', '')).path)
except BrowserNotFound as error:
    sys.exit('launch/relay: ' + error.message)
'@
    $found = Invoke-Program $python @('-c', $look)
    if ($LASTEXITCODE -eq 0) { return "$found" }
    return $null
}

# --- the environment ---
if (-not ((Test-Path $python) -and (Test-Python $python @()))) {
    if (Test-Path $venv) { Say "the environment $venv does not work any more" }
    $found = Find-Python
    if ($null -eq $found) {
        Stop-With @('Python 3.11, 3.12 or 3.13 is needed, and none was found.', 'winget install Python.Python.3.12')
    }
    Say "making the environment $venv with $($found.File) $($found.First)"
    Invoke-Program $found.File ($found.First + @('-m', 'venv', '--clear', $venv))
    if ($LASTEXITCODE -ne 0) { Stop-With @('The environment could not be made; see above.') }
}

# --- what is in it: as long as the list of requirements and the folder stay, so does this ---
$wanted = (Get-FileHash (Join-Path $checkout 'pyproject.toml')).Hash + " $checkout"
$have = if (Test-Path $installed) { (Get-Content $installed -Raw).Trim() } else { '' }
if (-not (Test-Path $program) -or $have -ne $wanted) {
    Say 'installing CDP Relay and what it needs (the first time takes a minute)'
    Invoke-Program $python @('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--editable', $checkout)
    if ($LASTEXITCODE -ne 0) {
        Stop-With @('pip could not install it; see above. Without a network it cannot; else run this again.')
    }
    Set-Content $installed $wanted
}

# --- the browser ---
$attaches = [bool]$env:CDP_RELAY_CHROME_ATTACH -or
    [bool]($options | Where-Object { "$_" -like '--attach*' -or "$_" -in '--help', '-h' })
$known = (Test-Path $browser) -and (Test-Path ((Get-Content $browser -Raw).Trim()))
if (-not $attaches -and ($env:CDP_RELAY_CHROME_EXECUTABLE -or -not $known)) {
    $path = Find-Browser
    if (-not $path) {
        $winget = Get-Command winget -ErrorAction SilentlyContinue
        $install = [bool]$winget -and ($Yes -or
            (-not [Console]::IsInputRedirected -and (Read-Host 'Install Google Chrome with winget now? [y/N]') -like 'y*'))
        if ($install) {
            $agree = '--accept-package-agreements', '--accept-source-agreements'
            Invoke-Program 'winget' (@('install', '--exact', '--id', 'Google.Chrome') + $agree)
            $path = Find-Browser
        }
        if (-not $path) { Stop-With @('No usable browser.', 'winget install Google.Chrome') }
    }
    Say "the browser is $path"
    Set-Content $browser $path
}

if ($SetupOnly) { exit 0 }
Invoke-Program $program (@('up') + $options)
exit $LASTEXITCODE
