@echo off
rem Finds the .NET SDK, builds src\Cli (quick when nothing changed) and starts it. See the script "sparse" beside this file.
setlocal
set "DOTNET_CLI_TELEMETRY_OPTOUT=1"
set "DOTNET_NOLOGO=1"
pushd "%~dp0"
dotnet --version >nul 2>&1
if errorlevel 1 (
    echo SparseService needs the .NET 10 SDK: winget install Microsoft.DotNet.SDK.10 1>&2
    popd
    exit /b 1
)
if not exist "artifacts\bin\Cli\release\sparse.dll" echo Building for the first time: about a minute, longer while packages are downloaded ... 1>&2
rem Optional parts are built in where the configured feeds have their packages; "set Hangfire=false" or "set Ilgpu=false" leave them out.
dotnet msbuild tools\Optional\Optional.proj -nologo -v:m 1>&2
dotnet build src\Cli\Cli.csproj -c Release -v q --nologo >"%TEMP%\sparse-build.log" 2>&1
if errorlevel 1 (
    type "%TEMP%\sparse-build.log" 1>&2
    popd
    exit /b 1
)
popd
dotnet "%~dp0artifacts\bin\Cli\release\sparse.dll" %*
