<?php

/**
 * Calls one method of the panel's client, or one hook of its extension. Standard input: {"base": url, "token": token, "method": name, "arguments": [...]}, or
 * {"base", "token", "hook": name, "service": {...}, "public_ip", "input": {what a form sent}, "tells_body": whether exceptions end in the answer's body};
 * standard output: {"ok": true, "answer": ...} or {"ok": false, "error": message}. The token is on no command line.
 */

error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
set_include_path('/usr/share/php' . PATH_SEPARATOR . get_include_path());

require '/usr/share/php/Illuminate/autoload.php';
require '/usr/share/php/GuzzleHttp/autoload.php';
require __DIR__ . '/paymenter.php';
require __DIR__ . '/ProxmoxWPApi.php';
require __DIR__ . '/ProxmoxWP.php';

function answerTo(array $order)
{
    if (isset($order['method'])) {
        $api = new ProxmoxWPApi($order['base'], $order['token']);
        return $api->{$order['method']}(...$order['arguments']);
    }
    $extension = new ProxmoxWP([
        'api_base' => $order['base'],
        'api_key' => $order['token'],
        'public_ip' => $order['public_ip'],
        'tells_body' => $order['tells_body'],
    ]);
    $arguments = [new Service($order['service']), [], []];
    if ($order['hook'] !== 'getView') {
        return $extension->{$order['hook']}(...$arguments);
    }
    return json_decode($extension->getView(...[...$arguments, 'Overview']), true, 16, JSON_THROW_ON_ERROR);
}

$order = json_decode(stream_get_contents(STDIN), true, 16, JSON_THROW_ON_ERROR);
startPanel($order['input'] ?? []);
try {
    $result = ['ok' => true, 'answer' => answerTo($order)];
} catch (Exception $e) {
    $result = ['ok' => false, 'error' => $e->getMessage()];
}
echo json_encode($result, JSON_THROW_ON_ERROR), "\n";
