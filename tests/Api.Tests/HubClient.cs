using System.IO.Pipelines;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using SparseService.Engine.Training;

namespace SparseService.Api.Tests;

/// <summary>A SignalR client over a plain WebSocket; the package that would bring the transport cannot be had from every feed.</summary>
internal static class HubClient
{
    public static async Task<HubConnection> ConnectAsync(ServiceFixture service, string key, CancellationToken cancellationToken)
    {
        var address = new UriBuilder(service.Address) { Scheme = "ws", Path = "/hubs/runs", Query = "access_token=" + key }.Uri;
        var builder = new HubConnectionBuilder().AddJsonProtocol(json =>
        {
            foreach (var converter in RunSpecJson.Options.Converters)
            {
                json.PayloadSerializerOptions.Converters.Add(converter);
            }
        });
        builder.Services.AddSingleton<System.Net.EndPoint>(new UriEndPoint(address));
        builder.Services.AddSingleton<IConnectionFactory, WebSocketFactory>();
        var connection = builder.Build();
        await connection.StartAsync(cancellationToken);
        return connection;
    }

    private sealed class WebSocketFactory : IConnectionFactory
    {
        public async ValueTask<ConnectionContext> ConnectAsync(System.Net.EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            var socket = new ClientWebSocket();
            await socket.ConnectAsync(((UriEndPoint)endpoint).Uri, cancellationToken);
            return new WebSocketConnection(socket);
        }
    }

    private sealed class WebSocketConnection : ConnectionContext
    {
        private readonly ClientWebSocket socket;
        private readonly CancellationTokenSource closed = new();
        private readonly DuplexPipe application;

        public WebSocketConnection(ClientWebSocket socket)
        {
            this.socket = socket;
            var (toClient, toServer) = (new Pipe(), new Pipe());
            Transport = new DuplexPipe(toClient.Reader, toServer.Writer);
            application = new DuplexPipe(toServer.Reader, toClient.Writer);
            _ = ReceiveAsync();
            _ = SendAsync();
        }

        public override string ConnectionId { get; set; } = Guid.NewGuid().ToString();

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public override IDuplexPipe Transport { get; set; }

        public override async ValueTask DisposeAsync()
        {
            await closed.CancelAsync();
            socket.Dispose();
            closed.Dispose();
            await base.DisposeAsync();
        }

        private async Task ReceiveAsync()
        {
            try
            {
                while (true)
                {
                    var memory = application.Output.GetMemory(4096);
                    var received = await socket.ReceiveAsync(memory, closed.Token);
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        break;
                    }

                    application.Output.Advance(received.Count);
                    await application.Output.FlushAsync(closed.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or ObjectDisposedException)
            {
            }

            await application.Output.CompleteAsync();
        }

        private async Task SendAsync()
        {
            try
            {
                while (true)
                {
                    var read = await application.Input.ReadAsync(closed.Token);
                    foreach (var segment in read.Buffer)
                    {
                        await socket.SendAsync(segment, WebSocketMessageType.Text, endOfMessage: true, closed.Token);
                    }

                    application.Input.AdvanceTo(read.Buffer.End);
                    if (read.IsCompleted)
                    {
                        return;
                    }
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or ObjectDisposedException)
            {
            }
        }
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
